import { type ApiGraph, fromApi, meaningOf, toApi } from './graph';
import { moveTo } from './commands';
import { applyCommand } from './history';
import { tradingPipeline } from './testing';

const STORED: ApiGraph = {
  nodes: [
    {
      id: 'a',
      agent_type: 'manual_trigger',
      config: { x: 1 },
      position: { x: 8, y: 16 },
      name: 'Go',
      pinned: true,
    },
    {
      id: 'b',
      agent_type: 'condition',
      config: {},
      position: { x: 0, y: 0 },
      name: null,
      pinned: false,
    },
  ],
  edges: [{ from: 'a', to: 'b', from_port: null }],
  notes: [{ id: 'n', text: 'Why', position: { x: 1, y: 2 }, size: { w: 200, h: 100 } }],
};

describe('graph', () => {
  it('comes back from the editor as it was stored', () => {
    expect(toApi(fromApi(STORED).graph)).toEqual(STORED);
  });

  it('fills in what an older or hand-written graph leaves out', () => {
    const { graph, repairs } = fromApi({ nodes: [{ id: 'a', agent_type: 'x' }], edges: [] });
    expect(graph.nodes['a']).toEqual({
      id: 'a',
      agentType: 'x',
      name: null,
      config: {},
      position: { x: 0, y: 0 },
      pinned: false,
    });
    expect(repairs).toEqual([]);
  });

  it('drops an edge that leads nowhere and says so', () => {
    const { graph, repairs } = fromApi({ ...STORED, edges: [{ from: 'a', to: 'gone' }] });
    expect(Object.keys(graph.edges)).toEqual([]);
    expect(repairs).toEqual(['An edge from a to gone led nowhere and was removed.']);
  });

  it('tells apart two nodes that share an id', () => {
    const twice = { ...STORED.nodes[1]! };
    const { graph, repairs } = fromApi({ nodes: [twice, twice], edges: [] });
    expect(Object.keys(graph.nodes)).toEqual(['b', 'b-2']);
    expect(repairs).toHaveLength(1);
  });

  it('means the same after a move', () => {
    const graph = tradingPipeline();
    const moved = applyCommand(graph, moveTo([{ id: 'strategy', position: { x: 400, y: 80 } }]));
    expect(meaningOf(moved)).toBe(meaningOf(graph));
  });
});
