import { paletteGroups } from './catalogue';
import { fromText, originOf, partsOf, toText, withNewIds } from './clipboard';
import { moveTo, rename, remove, setPinned } from './commands';
import { diffNodes } from './diff';
import { edgeNear, neighbour, nodeSize, placeAfter, portOffset } from './geometry';
import { edgeId } from './graph';
import { applyCommand } from './history';
import { autoLayout } from './layout';
import { suggestNext, whyNotOffered } from './suggest';
import { summaryOf } from './summary';
import { agent, graphOf, node, TEST_CATALOGUE, tradingPipeline } from './testing';

const offered = (graph: ReturnType<typeof graphOf>, from: string | null, port?: string) =>
  suggestNext(graph, TEST_CATALOGUE, from, port ?? null).map((item) => item.agent.agent_type);

describe('suggestions', () => {
  it('start with triggers on an empty canvas', () => {
    expect(offered(graphOf([]), null)).toEqual(['manual_trigger']);
  });

  it('are of every agent where no node is chosen, once there is a trigger', () => {
    const names = offered(graphOf([node('manual_trigger')]), null);
    expect(names).toContain('condition');
    expect(names.at(-1)).toBe('manual_trigger');
    expect(names).not.toContain('pipeline_manager');
  });

  it('say why an agent is not among them', () => {
    const why = (graph: ReturnType<typeof graphOf>, from: string | null, type: string) =>
      whyNotOffered(graph, TEST_CATALOGUE, from, TEST_CATALOGUE.get(type)!);
    const started = graphOf([node('manual_trigger')]);
    expect(why(graphOf([]), null, 'condition')).toMatch(/^A pipeline starts with a trigger/);
    expect(why(started, 'manual_trigger', 'manual_trigger')).toMatch(/after no other node/);
    expect(why(started, 'manual_trigger', 'strategy')).toMatch(
      /does not fit here: it needs .+ first/,
    );
  });

  it('offer after a trigger only what a trigger can feed', () => {
    expect(offered(graphOf([node('manual_trigger')]), 'manual_trigger')).toEqual([
      'market_data',
      'condition',
    ]);
  });

  it('put the agent that uses the fresh output first', () => {
    const graph = graphOf([node('manual_trigger'), node('market_data'), node('strategy')]);
    expect(offered(graph, 'market_data')[0]).toBe('bias');
    expect(offered(graph, 'strategy')[0]).toBe('risk_manager');
  });

  it('never offer triggers or system agents in the middle', () => {
    const names = offered(tradingPipeline(), 'risk_manager');
    expect(names).not.toContain('manual_trigger');
    expect(names).not.toContain('pipeline_manager');
    expect(names[0]).not.toBe('market_data');
  });
});

describe('summary', () => {
  const strategy = TEST_CATALOGUE.get('strategy');

  it('fills the template from settings, defaults and labels', () => {
    expect(summaryOf(strategy, { method: 'golden_cross' })).toBe('Golden cross 14, 1d');
  });

  it('leaves no punctuation behind for an empty value', () => {
    expect(summaryOf(strategy, { timeframe: null })).toBe('RSI 14');
  });

  it('falls back to the first settings of an agent without a template', () => {
    const plain = agent('x', 'data', [], [], {
      config_schema: {
        properties: {
          secret: { type: 'string', default: 's', 'x-advanced': true },
          lookback: { type: 'integer', default: 20 },
          fast: { type: 'boolean', title: 'Fast mode', default: true },
        },
      },
    });
    expect(summaryOf(plain, {})).toBe('lookback 20, Fast mode on');
  });

  it('says when an agent is not installed', () => {
    expect(summaryOf(undefined, {})).toBe('This agent is not installed');
  });
});

describe('clipboard', () => {
  const graph = tradingPipeline();
  const parts = partsOf(graph, new Set(['strategy', 'risk_manager']));

  it('takes the edges among the chosen nodes along', () => {
    expect(Object.keys(parts.edges)).toEqual([edgeId('strategy', null, 'risk_manager')]);
  });

  it('survives the trip through text', () => {
    expect(fromText(toText(parts))).toEqual(parts);
  });

  it.each(['', 'hello', '{}', 'null'])('does not take %o for nodes', (text) => {
    expect(fromText(text)).toBeNull();
  });

  it('gives every part a new id and keeps its edges together', () => {
    let next = 0;
    const copy = withNewIds(parts, (prefix) => `${prefix}-${++next}`, { x: 10, y: 20 });
    expect(Object.keys(copy.nodes)).toEqual(['strategy-1', 'risk_manager-2']);
    expect(Object.keys(copy.edges)).toEqual([edgeId('strategy-1', null, 'risk_manager-2')]);
    expect(originOf(copy)).toEqual({ x: 10, y: 20 });
  });
});

describe('layout', () => {
  const size = () => ({ w: 232, h: 72 });

  it('runs left to right', () => {
    const places = autoLayout(tradingPipeline(), size);
    const xs = ['manual_trigger', 'market_data', 'strategy', 'risk_manager'].map(
      (id) => places.get(id)!.x,
    );
    expect(xs).toEqual([...xs].sort((a, b) => a - b));
    expect(new Set(xs).size).toBe(4);
  });

  it('leaves pinned nodes alone and puts nothing on top of them', () => {
    const moved = applyCommand(
      tradingPipeline(),
      moveTo([{ id: 'strategy', position: { x: 900, y: 640 } }]),
    );
    const places = autoLayout(applyCommand(moved, setPinned(['strategy'], true)), size);
    expect(places.has('strategy')).toBe(false);
    for (const { x, y } of places.values())
      expect(Math.abs(x - 900) >= 232 || Math.abs(y - 640) >= 72).toBe(true);
  });

  it('finds a free place for the next node', () => {
    const graph = graphOf([node('a'), { ...node('b'), position: { x: 328, y: 0 } }]);
    expect(placeAfter(graph, 'a')).toEqual({ x: 328, y: 112 });
  });

  it('grows a card only for more ports than fit', () => {
    expect(nodeSize(TEST_CATALOGUE.get('condition')).h).toBe(72);
    expect(nodeSize(TEST_CATALOGUE.get('bias')).h).toBe(96);
    expect(portOffset(0, TEST_CATALOGUE.get('report'))).toBe(36);
  });

  it('finds the edge that a node was left on', () => {
    const graph = graphOf([node('a'), { ...node('b'), position: { x: 532, y: 200 } }], 'a>b');
    const find = (x: number, y: number) => edgeNear(graph, TEST_CATALOGUE, { x, y });
    expect(find(382, 136)).toBe(edgeId('a', null, 'b'));
    expect(find(382, 260)).toBeNull();
    expect(edgeNear(graph, TEST_CATALOGUE, { x: 382, y: 136 }, 'a')).toBeNull();
  });

  it('goes to the nearest node in a direction', () => {
    const graph = graphOf([
      node('a'),
      { ...node('b'), position: { x: 300, y: 10 } },
      { ...node('c'), position: { x: 300, y: 400 } },
    ]);
    expect(neighbour(graph, TEST_CATALOGUE, 'a', 'right')).toBe('b');
    expect(neighbour(graph, TEST_CATALOGUE, 'b', 'down')).toBe('c');
    expect(neighbour(graph, TEST_CATALOGUE, 'a', 'left')).toBeNull();
  });
});

describe('differences', () => {
  it('tell added, removed and changed nodes apart and ignore moves', () => {
    const before = tradingPipeline();
    const renamed = applyCommand(before, rename('strategy', 'Fast'));
    const moved = applyCommand(renamed, moveTo([{ id: 'market_data', position: { x: 8, y: 8 } }]));
    const after = applyCommand(moved, remove(['trade_manager']));
    expect(Object.fromEntries(diffNodes(before, after))).toEqual({
      manual_trigger: 'same',
      market_data: 'same',
      strategy: 'changed',
      risk_manager: 'same',
      trade_manager: 'removed',
    });
  });
});

describe('palette', () => {
  const agents = [...TEST_CATALOGUE.values()];

  it('lists categories in the order of a pipeline, without system agents', () => {
    expect(paletteGroups(agents).map((group) => group.category)).toEqual([
      'trigger',
      'data',
      'analysis',
      'risk',
      'execution',
      'reporting',
      'flow',
    ]);
  });

  it('shows an agent of a category it has never heard of', () => {
    const strange = agent('x', 'astrology', [], []);
    expect(paletteGroups([strange])).toMatchObject([{ name: 'astrology', agents: [strange] }]);
  });

  const found = (search: string) =>
    paletteGroups(agents, search).flatMap((group) => group.agents.map((item) => item.agent_type));

  it('finds agents by what can be set, and to what', () => {
    expect(found('golden cross')).toEqual(['strategy']);
    expect(found('rsi')).toEqual(['strategy']);
    expect(found('timeframe')).toEqual(['strategy']);
  });

  it('puts those first that are called so', () => {
    const data = agent('rsi_feed', 'trigger', [], []);
    const talker = agent('talker', 'trigger', [], [], { description: 'Tells of the RSI.' });
    const groups = paletteGroups([talker, ...agents, data], 'rsi');
    expect(groups.flatMap((group) => group.agents.map((item) => item.agent_type))).toEqual([
      'rsi_feed',
      'talker',
      'strategy',
    ]);
  });

  it('finds by any of the words where nothing has all of them', () => {
    expect(found('length loss')).toEqual(['strategy']);
    expect(found('astrology')).toEqual([]);
  });

  it('finds agents by any word of their name or category', () => {
    expect(found('analysis strat')).toEqual(['strategy']);
  });
});
