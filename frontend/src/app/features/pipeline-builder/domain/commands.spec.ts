import { align, distribute } from './align';
import * as commands from './commands';
import type { PipelineGraph } from './graph';
import { edgeId } from './graph';
import {
  applyCommand,
  type History,
  lastStart,
  MERGE_WINDOW_MS,
  record,
  redo,
  startHistory,
  undo,
} from './history';
import { graphOf, node, TEST_CATALOGUE, tradingPipeline } from './testing';
import { type PeriodicStart, readTrigger, type Start } from './trigger';

const BY_HAND: Start = { kind: 'manual' };
const HOURLY = readTrigger({
  kind: 'periodic',
  every_minutes: 60,
  symbols: ['AAPL'],
}) as PeriodicStart;

const edges = (graph: PipelineGraph) => Object.keys(graph.edges).sort();
const agentOf = (type: string) => TEST_CATALOGUE.get(type)!;

describe('undo', () => {
  it('puts what was removed back in its old place, so that it is stored as it was', () => {
    const graph = tradingPipeline();
    const removed = record(
      startHistory(graph, BY_HAND),
      commands.removeAndBridge(graph, 'risk_manager'),
      0,
    );
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
  const start = startHistory(tradingPipeline(), BY_HAND);

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

describe('the history of how it starts', () => {
  const start = startHistory(tradingPipeline(), BY_HAND);
  const turn = (history: History, to: Start, at_ms: number) =>
    record(history, commands.changeStart(history.start, to), at_ms);

  it('is one line with that of the graph, and leaves the graph the very same', () => {
    const scheduled = turn(start, HOURLY, 0);
    const named = record(scheduled, commands.rename('strategy', 'Fast'), 5_000);
    const byHand = turn(named, BY_HAND, 10_000);
    const once = undo(byHand);
    expect([once.start, once.graph]).toEqual([HOURLY, named.graph]);
    expect(once.graph).toBe(named.graph);
    const twice = undo(once);
    expect([twice.start, twice.graph]).toEqual([HOURLY, start.graph]);
    expect(undo(twice)).toMatchObject({ start: BY_HAND, past: [] });
    const again = redo(redo(redo(undo(twice))));
    expect([again.start, again.graph]).toEqual([BY_HAND, named.graph]);
  });

  it('makes one step of quick edits of one number, and one of each choice', () => {
    let history = turn(start, HOURLY, 0);
    for (const [at, every_minutes] of [3, 30, 300].entries())
      history = turn(history, { ...HOURLY, every_minutes }, 100 * at);
    expect(history.past).toHaveLength(2);
    expect(undo(history).start).toEqual(HOURLY);
    expect(redo(undo(history)).start).toMatchObject({ every_minutes: 300 });
    const both = { ...HOURLY, every_minutes: 300, symbols: ['AAPL', 'MSFT'] };
    history = turn(turn(history, both, 301), { ...both, symbols: ['MSFT'] }, 302);
    expect(history.past).toHaveLength(4);
    expect(turn(history, { ...both, symbols: ['MSFT'] }, 303)).toBe(history);
  });

  it('takes an older version back with both in one step', () => {
    const graph = graphOf([node('strategy')]);
    const restored = record(start, commands.replaceGraph(graph, 'Restore', HOURLY), 0);
    expect([restored.start, restored.graph]).toEqual([HOURLY, graph]);
    expect(undo(restored)).toMatchObject({ start: BY_HAND, graph: start.graph });
    const drawn = record(start, commands.replaceGraph(graph, 'Restore', null), 0);
    expect(drawn.start).toBe(BY_HAND);
  });

  it('knows what was last entered for each kind, as far as it was not taken back', () => {
    const scheduled = turn(start, HOURLY, 0);
    const byHand = turn(scheduled, BY_HAND, 1);
    expect(lastStart(byHand, 'periodic')).toEqual(HOURLY);
    expect(lastStart(byHand, 'signal')).toBeNull();
    expect(lastStart(undo(undo(byHand)), 'periodic')).toBeNull();
  });
});
