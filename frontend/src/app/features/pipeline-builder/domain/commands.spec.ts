import { align, distribute } from './align';
import * as commands from './commands';
import type { PipelineGraph } from './graph';
import { edgeId } from './graph';
import { applyCommand, MERGE_WINDOW_MS, record, redo, startHistory, undo } from './history';
import { graphOf, node, TEST_CATALOGUE, tradingPipeline } from './testing';

const edges = (graph: PipelineGraph) => Object.keys(graph.edges).sort();
const agentOf = (type: string) => TEST_CATALOGUE.get(type)!;

describe('undo', () => {
  it('puts what was removed back in its old place, so that it is stored as it was', () => {
    const graph = tradingPipeline();
    const removed = record(startHistory(graph), commands.removeAndBridge(graph, 'risk_manager'), 0);
    const back = undo(removed).graph;
    expect(Object.keys(back.nodes)).toEqual(Object.keys(graph.nodes));
    expect(Object.keys(back.edges)).toEqual(Object.keys(graph.edges));
    expect(undo(redo(undo(removed))).graph).toEqual(graph);
  });
});

describe('commands', () => {
  it('names a second node of a kind so that it can be told apart', () => {
    const graph = graphOf([node('strategy')]);
    const second = commands.newNode('s2', agentOf('strategy'), { x: 3, y: 5 }, graph);
    expect(second).toMatchObject({ name: 'Strategy 2', position: { x: 0, y: 8 } });
    const third = commands.newNode(
      's3',
      agentOf('strategy'),
      { x: 0, y: 0 },
      {
        ...graph,
        nodes: { ...graph.nodes, s2: second },
      },
    );
    expect(third.name).toBe('Strategy 3');
  });

  it('leaves the first node of a kind with its agent name', () => {
    expect(commands.newNode('a', agentOf('bias'), { x: 0, y: 0 }, graphOf([])).name).toBeNull();
  });

  it('adds a node together with the edge that leads to it', () => {
    const graph = graphOf([node('condition')]);
    const added = applyCommand(
      graph,
      commands.addAfter(node('report'), 'Report', { from: 'condition', fromPort: 'true', to: '' }),
    );
    expect(edges(added)).toEqual([edgeId('condition', 'true', 'report')]);
  });

  it('splits an edge and keeps the port it left by', () => {
    const graph = graphOf([node('condition'), node('report')], 'condition:false>report');
    const edge = Object.values(graph.edges)[0]!;
    const split = applyCommand(
      graph,
      commands.insertOnEdge(graph, edge, node('bias'), agentOf('bias')),
    );
    expect(edges(split)).toEqual([
      edgeId('bias', null, 'report'),
      edgeId('condition', 'false', 'bias'),
    ]);
  });

  it('leaves a node without a plain way out by its first port', () => {
    const graph = graphOf([node('bias'), node('report')], 'bias>report');
    const edge = Object.values(graph.edges)[0]!;
    const split = applyCommand(
      graph,
      commands.insertOnEdge(graph, edge, node('condition'), agentOf('condition')),
    );
    expect(edges(split)).toContain(edgeId('condition', 'true', 'report'));
  });

  it('deletes the edges of a deleted node', () => {
    const graph = applyCommand(tradingPipeline(), commands.remove(['strategy']));
    expect(edges(graph)).toEqual([
      edgeId('manual_trigger', null, 'market_data'),
      edgeId('risk_manager', null, 'trade_manager'),
    ]);
  });

  it('deletes an edge by its own id', () => {
    const id = edgeId('market_data', null, 'strategy');
    expect(edges(applyCommand(tradingPipeline(), commands.remove([id])))).not.toContain(id);
  });

  it('joins the neighbours of a node taken out of a single path', () => {
    const graph = tradingPipeline();
    const bridged = applyCommand(graph, commands.removeAndBridge(graph, 'strategy'));
    expect(edges(bridged)).toContain(edgeId('market_data', null, 'risk_manager'));
  });

  it('moves one end of an edge', () => {
    const old = edgeId('strategy', null, 'risk_manager');
    const moved = applyCommand(
      tradingPipeline(),
      commands.reconnect(old, { from: 'strategy', fromPort: 'error', to: 'trade_manager' }),
    );
    expect(edges(moved)).toContain(edgeId('strategy', 'error', 'trade_manager'));
    expect(edges(moved)).not.toContain(old);
  });

  it('gives a node its agent name back when its name is cleared', () => {
    const named = applyCommand(tradingPipeline(), commands.rename('strategy', ' Fast '));
    expect(named.nodes['strategy']!.name).toBe('Fast');
    expect(
      applyCommand(named, commands.rename('strategy', '  ')).nodes['strategy']!.name,
    ).toBeNull();
  });

  it('aligns and spaces a selection', () => {
    const graph = graphOf([
      { ...node('a'), position: { x: 0, y: 0 } },
      { ...node('b'), position: { x: 50, y: 90 } },
      { ...node('c'), position: { x: 400, y: 300 } },
    ]);
    const ids = ['a', 'b', 'c'];
    const aligned = applyCommand(graph, align(graph, ids, 'left'));
    expect(ids.map((id) => aligned.nodes[id]!.position.x)).toEqual([0, 0, 0]);
    const spaced = applyCommand(graph, distribute(graph, ids, 'horizontal'));
    expect(ids.map((id) => spaced.nodes[id]!.position.x)).toEqual([0, 200, 400]);
  });
});

describe('history', () => {
  const start = startHistory(tradingPipeline());

  it('undoes and redoes a gesture as one step', () => {
    const moves = ['strategy', 'market_data'].map((id) => ({ id, position: { x: 64, y: 64 } }));
    const after = record(start, commands.moveTo(moves), 0);
    const back = undo(after);
    expect(back.graph).toEqual(start.graph);
    expect(redo(back).graph).toEqual(after.graph);
  });

  it('keeps every node that a command did not touch as the same object', () => {
    const after = record(start, commands.rename('strategy', 'Fast'), 0);
    expect(after.graph.nodes['market_data']).toBe(start.graph.nodes['market_data']);
    expect(after.graph.edges).toBe(start.graph.edges);
  });

  it('merges quick edits of the same field into one step', () => {
    const first = record(start, commands.configure('strategy', { method: 'r' }), 0);
    const second = record(
      first,
      commands.configure('strategy', { method: 'rs' }),
      MERGE_WINDOW_MS - 1,
    );
    expect(second.past).toHaveLength(1);
    expect(undo(second).graph).toEqual(start.graph);
    expect(redo(undo(second)).graph).toEqual(second.graph);
  });

  it('starts a new step after a pause', () => {
    const first = record(start, commands.nudge(['strategy'], { x: 8, y: 0 }), 0);
    const second = record(first, commands.nudge(['strategy'], { x: 8, y: 0 }), MERGE_WINDOW_MS);
    expect(second.past).toHaveLength(2);
  });

  it('records nothing when a command changes nothing', () => {
    expect(record(start, commands.configure('strategy', { method: 'rsi' }), 0)).toBe(start);
  });

  it('forgets what was undone once something new is done', () => {
    const undone = undo(record(start, commands.rename('strategy', 'A'), 0));
    expect(record(undone, commands.rename('strategy', 'B'), 5_000).future).toEqual([]);
  });
});
