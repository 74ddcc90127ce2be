import { TestBed } from '@angular/core/testing';
import { type CanvasView, EditorUi } from './editor-ui';

describe('the parts of the editor', () => {
  it('shows the settings of a node that is clicked while the versions are open', () => {
    const ui = TestBed.configureTestingModule({ providers: [EditorUi] }).inject(EditorUi);
    ui.inspector.set('closed');
    ui.inspectorTab.set('output');
    ui.versionsOpen.set(true);
    ui.nodeClicked('risk');
    expect(ui.versionsOpen()).toBe(false);
    expect([ui.inspector(), ui.inspectorTab()]).toEqual(['open', 'settings']);
  });

  it('opens the inspector, where it was, on a tap', () => {
    const ui = TestBed.configureTestingModule({ providers: [EditorUi] }).inject(EditorUi);
    ui.inspector.set('closed');
    ui.inspectorTab.set('output');
    ui.nodeClicked('risk', true);
    expect([ui.inspector(), ui.inspectorTab()]).toEqual(['open', 'output']);
  });

  it('leaves the inspector as it is when the versions are closed', () => {
    const ui = TestBed.configureTestingModule({ providers: [EditorUi] }).inject(EditorUi);
    ui.inspector.set('closed');
    ui.nodeClicked('risk');
    expect(ui.inspector()).toBe('closed');
  });

  it('keeps a node that is clicked in view', () => {
    const ui = TestBed.configureTestingModule({ providers: [EditorUi] }).inject(EditorUi);
    const bringIn = vi.fn();
    ui.canvas.set({ bringIn } as Partial<CanvasView> as CanvasView);
    ui.nodeClicked('risk');
    expect(bringIn).toHaveBeenCalledExactlyOnceWith('risk');
  });
});
