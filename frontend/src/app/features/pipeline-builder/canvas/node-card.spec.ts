import { type ComponentFixture, TestBed } from '@angular/core/testing';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { nodeSize } from '../domain/geometry';
import { node, TEST_CATALOGUE } from '../domain/testing';
import { EditorStore } from '../state/editor-store';
import { EditorUi } from '../state/editor-ui';
import { ProblemList } from '../state/problem-list';
import { RunFreshness } from '../state/run-freshness';
import { RunStore } from '../state/run-store';
import { CanvasIndex } from './canvas-index';
import { NodeCard } from './node-card';

const NO_START = { ids: [] as readonly string[], words: '' };

async function drawn(ui: object, start = NO_START): Promise<ComponentFixture<NodeCard>> {
  TestBed.configureTestingModule({
    providers: [
      { provide: AgentCatalogue, useValue: { byType: () => TEST_CATALOGUE } },
      { provide: EditorStore, useValue: { selected: () => new Set() } },
      { provide: EditorUi, useValue: ui },
      { provide: ProblemList, useValue: { byNode: () => new Map() } },
      { provide: RunFreshness, useValue: { stale: () => new Set() } },
      { provide: RunStore, useValue: { view: () => null } },
      {
        provide: CanvasIndex,
        useValue: { portsOf: () => [], usedPorts: () => new Map(), start: () => start },
      },
    ],
  });
  TestBed.overrideComponent(NodeCard, { set: { template: '', imports: [] } });
  const fixture = TestBed.createComponent(NodeCard);
  fixture.componentRef.setInput('node', node('strategy'));
  await fixture.whenStable();
  return fixture;
}

describe('the card of a node', () => {
  it('tells the editor that it was clicked', async () => {
    const nodeClicked = vi.fn();
    const fixture = await drawn({ verdicts: () => null, nodeClicked });
    (fixture.nativeElement as HTMLElement).click();
    expect(nodeClicked).toHaveBeenCalledTimes(1);
  });

  it('opens the inspector for a tap, and for nothing else than a click on itself', async () => {
    const nodeClicked = vi.fn();
    const fixture = await drawn({ verdicts: () => null, nodeClicked });
    const card = fixture.nativeElement as HTMLElement;
    const click = (change: PointerEventInit, on: Element = card) => {
      card.dispatchEvent(new PointerEvent('pointerdown', { clientX: 100, clientY: 100 }));
      const at = { clientX: 100, clientY: 100, bubbles: true };
      on.dispatchEvent(new PointerEvent('click', { ...at, ...change }));
    };
    click({ pointerType: 'touch' });
    click({ pointerType: 'mouse' });
    click({ pointerType: 'touch', shiftKey: true });
    expect(nodeClicked.mock.calls).toEqual(
      [true, false, false].map((byTap) => ['strategy', byTap]),
    );
    click({ pointerType: 'touch', clientX: 160 });
    const next = card.appendChild(document.createElement('button'));
    click({ pointerType: 'touch' }, next);
    expect(nodeClicked).toHaveBeenCalledTimes(3);
  });

  it('says how the pipeline starts, on the node that starts it', async () => {
    const spoken = async (start: typeof NO_START) => {
      TestBed.resetTestingModule();
      const fixture = await drawn({ verdicts: () => null }, start);
      return (fixture.nativeElement as HTMLElement).getAttribute('aria-label');
    };
    expect(await spoken({ ids: ['copy', 'strategy'], words: 'Every 5 min' })).toContain(
      'Every 5 min',
    );
    expect(await spoken({ ids: ['other'], words: 'Every 5 min' })).not.toContain('Every');
  });

  it('keeps its height when the canvas takes width and height off it, as it does on a move', async () => {
    const fixture = await drawn({ verdicts: () => null });
    const card = fixture.nativeElement as HTMLElement;
    const height = `${nodeSize(TEST_CATALOGUE.get('strategy')).h}px`;
    for (const property of ['width', 'height']) card.style.removeProperty(property);
    expect(card.style.getPropertyValue('--k-card-height')).toBe(height);
    expect(getComputedStyle(card).height).toMatch(/^(var\(--k-card-height\)|\d+px)$/);
  });
});
