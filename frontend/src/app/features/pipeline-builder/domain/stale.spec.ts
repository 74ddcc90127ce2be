import { configure, connect, moveTo, remove, rename } from './commands';
import { applyCommand } from './history';
import { isStale, staleNodes } from './stale';
import { graphOf, node } from './testing';

describe('results of a run', () => {
  const ran = graphOf([node('a'), node('b'), node('c'), node('d')], 'a>b', 'b>c', 'a>d');
  const stale = (...changes: Parameters<typeof applyCommand>[1][]) => {
    const now = changes.reduce(applyCommand, ran);
    return { nodes: [...staleNodes(ran, now)].sort(), any: isStale(ran, now) };
  };

  it('belong to the graph that ran', () => {
    expect(stale()).toEqual({ nodes: [], any: false });
  });

  it('are stale from the node on whose settings were changed', () => {
    expect(stale(configure('b', { length: 20 }))).toEqual({ nodes: ['b', 'c'], any: true });
  });

  it('are good again when the change is taken back, in whatever order the settings stand', () => {
    const back = configure('b', { ...ran.nodes['b']!.config });
    expect(stale(configure('b', { length: 20 }), back).any).toBe(false);
  });

  it('are stale behind an edge that came or went', () => {
    expect(stale(connect({ from: 'd', fromPort: null, to: 'c' })).nodes).toEqual(['c']);
    expect(stale(remove(['b']))).toEqual({ nodes: ['c'], any: true });
  });

  it('are stale as a whole when the last node is gone', () => {
    expect(stale(remove(['c']))).toEqual({ nodes: [], any: true });
  });

  it('do not care for names and places', () => {
    const moved = moveTo([{ id: 'b', position: { x: 9, y: 9 } }], 'k');
    expect(stale(rename('b', 'Other'), moved).any).toBe(false);
  });
});
