import { Component, inject } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { EditorUi } from '../state/editor-ui';
import { PickList } from './pick-list';

@Component({
  imports: [PickList],
  template: `
    @if (ui.addRequest()) {
      <k-pick-list heading="Add an agent" [at]="{ x: 0, y: 0 }" [items]="[]" />
    }
    @if (ui.connectRequest()) {
      <k-pick-list heading="Connect to" [at]="{ x: 0, y: 0 }" [items]="[]" />
    }
  `,
})
class Host {
  readonly ui = inject(EditorUi);
}

describe('a list to pick from', () => {
  const focused = () => document.activeElement?.getAttribute('aria-label');

  async function opened(): Promise<EditorUi> {
    TestBed.configureTestingModule({ imports: [Host], providers: [EditorUi] });
    const fixture = TestBed.createComponent(Host);
    document.body.append(fixture.nativeElement as HTMLElement);
    await fixture.whenStable();
    return TestBed.inject(EditorUi);
  }

  it('has the next key that is pressed, when agents are offered', async () => {
    (await opened()).offerAgents({ at: { x: 0, y: 0 }, from: null, fromPort: null });
    expect(focused()).toBe('Add an agent');
  });

  it('has the next key that is pressed, when nodes are offered', async () => {
    (await opened()).offerTargets({ from: 'risk', fromPort: null });
    expect(focused()).toBe('Connect to');
  });
});
