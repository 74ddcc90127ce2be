import { EditorUi } from './editor-ui';

describe('the parts of the editor', () => {
  it('shows the settings of a node that is clicked while the versions are open', () => {
    const ui = new EditorUi();
    ui.inspector.set('closed');
    ui.inspectorTab.set('output');
    ui.versionsOpen.set(true);
    ui.nodeClicked();
    expect(ui.versionsOpen()).toBe(false);
    expect([ui.inspector(), ui.inspectorTab()]).toEqual(['open', 'settings']);
  });

  it('leaves the inspector as it is when the versions are closed', () => {
    const ui = new EditorUi();
    ui.inspector.set('closed');
    ui.nodeClicked();
    expect(ui.inspector()).toBe('closed');
  });
});
