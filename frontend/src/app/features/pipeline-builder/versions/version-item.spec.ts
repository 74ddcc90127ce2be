import { TestBed } from '@angular/core/testing';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { SignalTypes } from '@core/signals/signal-types';
import { type PipelineGraph } from '../domain/graph';
import { readTrigger } from '../domain/trigger';
import { type LoadVersion, type Published, VersionItem } from './version-item';

const node = (id: string) => ({
  id,
  agentType: 'report',
  name: null,
  config: {},
  position: { x: 0, y: 0 },
  pinned: false,
});
const graphOf = (...ids: string[]) =>
  ({
    nodes: Object.fromEntries(ids.map((id) => [id, node(id)])),
    edges: {},
    notes: {},
  }) as unknown as PipelineGraph;
const VERSIONS: Record<number, Published> = {
  1: { graph: graphOf('a'), start: readTrigger({ kind: 'periodic', symbols: ['AAPL'] }) },
  2: { graph: graphOf('a', 'b'), start: readTrigger({}) },
};

async function shown(before: number | null, load: LoadVersion): Promise<HTMLElement> {
  TestBed.configureTestingModule({
    providers: [
      { provide: AgentCatalogue, useValue: { byType: () => new Map() } },
      { provide: SignalTypes, useValue: { nameOf: (type: string) => type } },
    ],
  });
  const fixture = TestBed.createComponent(VersionItem);
  fixture.componentRef.setInput('version', 2);
  fixture.componentRef.setInput('before', before);
  fixture.componentRef.setInput('nodeCount', 2);
  fixture.componentRef.setInput('load', load);
  await fixture.whenStable();
  return fixture.nativeElement as HTMLElement;
}

describe('VersionItem', () => {
  it('loads its own graph and the one before, and says what changed', async () => {
    const asked: number[] = [];
    const page = await shown(1, (version) => {
      asked.push(version);
      return Promise.resolve(VERSIONS[version]!);
    });
    expect(asked).toEqual([2, 1]);
    expect(page.textContent).toContain(
      'Starts by hand instead of every 5 min on AAPL. report added',
    );
    expect(page.querySelectorAll('rect.added')).toHaveLength(1);
  });

  it('counts its nodes when there is nothing to compare with', async () => {
    const page = await shown(null, (version) => Promise.resolve(VERSIONS[version]!));
    expect(page.textContent).toContain('2 nodes');
  });

  it('says why there is no picture', async () => {
    const page = await shown(null, () => Promise.reject(new Error('down')));
    expect(page.querySelector('[role=alert]')?.textContent).toContain('down');
    expect(page.textContent).toContain('2 nodes');
  });
});
