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

async function drawn(ui: object): Promise<ComponentFixture<NodeCard>> {
  TestBed.configureTestingModule({
    providers: [
      { provide: AgentCatalogue, useValue: { byType: () => TEST_CATALOGUE } },
      { provide: EditorStore, useValue: { selected: () => new Set() } },
      { provide: EditorUi, useValue: ui },
      { provide: ProblemList, useValue: { byNode: () => new Map() } },
      { provide: RunFreshness, useValue: { stale: () => new Set() } },
      { provide: RunStore, useValue: { view: () => null } },
      { provide: CanvasIndex, useValue: { portsOf: () => [], usedPorts: () => new Map() } },
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

  it('keeps its height when the canvas takes width and height off it, as it does on a move', async () => {
    const fixture = await drawn({ verdicts: () => null });
    const card = fixture.nativeElement as HTMLElement;
    const height = `${nodeSize(TEST_CATALOGUE.get('strategy')).h}px`;
    for (const property of ['width', 'height']) card.style.removeProperty(property);
    expect(card.style.getPropertyValue('--k-card-height')).toBe(height);
    expect(getComputedStyle(card).height).toMatch(/^(var\(--k-card-height\)|\d+px)$/);
  });
});
