import { TestBed } from '@angular/core/testing';
import { type PipelineGraph } from '../domain/graph';
import { VersionItem } from './version-item';

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
const GRAPHS: Record<number, PipelineGraph> = { 1: graphOf('a'), 2: graphOf('a', 'b') };

async function shown(
  before: number | null,
  load: (version: number) => Promise<PipelineGraph>,
): Promise<HTMLElement> {
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
      return Promise.resolve(GRAPHS[version]!);
    });
    expect(asked).toEqual([2, 1]);
    expect(page.textContent).toContain('1 node added');
    expect(page.querySelectorAll('rect.added')).toHaveLength(1);
  });

  it('counts its nodes when there is nothing to compare with', async () => {
    const page = await shown(null, (version) => Promise.resolve(GRAPHS[version]!));
    expect(page.textContent).toContain('2 nodes');
  });

  it('says why there is no picture', async () => {
    const page = await shown(null, () => Promise.reject(new Error('down')));
    expect(page.querySelector('[role=alert]')?.textContent).toContain('down');
    expect(page.textContent).toContain('2 nodes');
  });
});
