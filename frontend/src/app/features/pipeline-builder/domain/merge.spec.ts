import { edgeId, type PipelineGraph, type PipelineNode } from './graph';
import { removeAndBridge } from './commands';
import { applyCommand, type Command } from './history';
import { type Content, merge, type Side } from './merge';
import { node, TEST_CATALOGUE, tradingPipeline } from './testing';
import { readTrigger, type Start } from './trigger';

const graph = tradingPipeline();
const BASE: Content = { name: 'First', graph, trigger: { kind: 'manual' } };

const change = (apply: Command['change'], from = graph): Content => ({
  ...BASE,
  graph: applyCommand(from, { label: '', change: apply }),
});
const configured = (config: Record<string, unknown>) =>
  change((draft) => void (draft.nodes['strategy']!.config = config));
const removed = (id: string, from = graph): Content => ({
  ...BASE,
  graph: applyCommand(from, removeAndBridge(from, id)),
});
const edges = ({ edges: all }: PipelineGraph) => Object.keys(all).sort();
const link = (from: string, to: string) => edgeId(from, null, to);
const both = (mine: Content, theirs: Content, winner: Side = 'mine') =>
  merge(BASE, mine, theirs, winner, TEST_CATALOGUE);

describe('a merge of what was changed here over what was stored meanwhile', () => {
  it('is theirs where nothing was changed here, and mine where nothing was there', () => {
    const theirs = removed('risk_manager');
    expect(both(BASE, theirs)).toEqual({ content: theirs, clashes: [] });
    expect(both(theirs, BASE)).toEqual({ content: theirs, clashes: [] });
  });

  it('keeps what they deleted and set up, beside what I set up', () => {
    const theirs = change((draft) => {
      draft.nodes['strategy']!.config = { method: 'rsi', length: 21 };
      delete draft.nodes['trade_manager'];
      delete draft.edges[link('risk_manager', 'trade_manager')];
    });
    const mine = change((draft) => {
      draft.nodes['strategy']!.config = { method: 'rsi', timeframe: '1h' };
      draft.nodes['risk_manager']!.name = 'Mine';
    });
    const { content, clashes } = both(mine, theirs);
    expect(clashes).toEqual([]);
    expect(content.graph.nodes['strategy']?.config).toEqual({
      method: 'rsi',
      length: 21,
      timeframe: '1h',
    });
    expect(content.graph.nodes['risk_manager']?.name).toBe('Mine');
    expect(Object.keys(content.graph.nodes)).not.toContain('trade_manager');
    expect(edges(content.graph)).not.toContain(link('risk_manager', 'trade_manager'));
  });

  it('takes defaults that a form wrote out for what was there before', () => {
    const mine = configured({ method: 'rsi', length: 14, timeframe: '1h' });
    const theirs = configured({ method: 'rsi', length: 21, timeframe: '1d' });
    const { content, clashes } = both(mine, theirs);
    expect(clashes).toEqual([]);
    expect(content.graph.nodes['strategy']?.config).toEqual({
      method: 'rsi',
      length: 21,
      timeframe: '1h',
    });
  });

  it('tells of a setting that one has set back to its default, and the other to something else', () => {
    const [old, back, other] = [{ length: 7 }, {}, { length: 21 }].map(configured);
    const { clashes } = merge(old!, back!, other!, 'mine', TEST_CATALOGUE);
    expect(clashes).toMatchObject([{ field: 'config.length', mine: 14, theirs: 21 }]);
  });

  it('asks for a field that both set to something else, and for that alone', () => {
    const mine = configured({ method: 'rsi', length: 7 });
    const theirs = configured({ method: 'golden_cross', length: 21 });
    const { content, clashes } = both(mine, theirs);
    expect(clashes).toEqual([
      { part: 'node', id: 'strategy', field: 'config.length', mine: 7, theirs: 21 },
    ]);
    const config = (winner: Side) =>
      both(mine, theirs, winner).content.graph.nodes['strategy']?.config;
    expect(content.graph.nodes['strategy']?.config).toEqual({ method: 'golden_cross', length: 7 });
    expect(config('theirs')).toEqual({ method: 'golden_cross', length: 21 });
  });

  it('asks nothing where both made the same change', () => {
    const same = configured({ length: 7, method: 'rsi' });
    expect(both(configured({ method: 'rsi', length: 7 }), same).clashes).toEqual([]);
    const gone = removed('risk_manager');
    expect(both(gone, removed('risk_manager'))).toEqual({ content: gone, clashes: [] });
  });

  it('takes away a setting that one of both took away', () => {
    const { content, clashes } = both(configured({}), BASE);
    expect([content.graph.nodes['strategy']?.config, clashes]).toEqual([{}, []]);
  });

  it('asks for the name where both renamed it', () => {
    const named = (name: string) => ({ ...BASE, name });
    expect(both(named('Mine'), BASE).content.name).toBe('Mine');
    expect(both(BASE, named('Theirs')).content.name).toBe('Theirs');
    expect(both(named('Mine'), named('Theirs'), 'theirs')).toMatchObject({
      content: { name: 'Theirs' },
      clashes: [{ part: 'name', mine: 'Mine', theirs: 'Theirs' }],
    });
  });

  describe('of a node that one side deleted', () => {
    const lengthened = configured({ method: 'rsi', length: 7 });
    const gone = removed('strategy');

    it('deletes it where the other did not change it, or moved it only', () => {
      const moved = change((draft) => void (draft.nodes['strategy']!.position = { x: 80, y: 8 }));
      for (const other of [BASE, moved]) {
        expect(both(other, gone).clashes).toEqual([]);
        expect(both(other, gone).content.graph.nodes).not.toHaveProperty('strategy');
        expect(both(gone, other).content.graph.nodes).not.toHaveProperty('strategy');
      }
    });

    it('asks where the other changed it, and has its edges again where it stays', () => {
      const { content, clashes } = both(lengthened, gone);
      expect(clashes).toMatchObject([{ part: 'node', id: 'strategy', theirs: undefined }]);
      expect(content.graph.nodes['strategy']?.config).toEqual({ method: 'rsi', length: 7 });
      expect(edges(content.graph)).toEqual(edges(graph));
    });

    it('deletes it when the one that did is chosen', () => {
      expect(both(lengthened, gone, 'theirs').content.graph).toEqual(gone.graph);
      expect(both(gone, lengthened, 'mine').content.graph).toEqual(gone.graph);
    });

    it('asks where the other connected something to it', () => {
      const connected = addedReport('strategy');
      const bare = both(connected, gone, 'theirs');
      expect(bare.clashes).toMatchObject([{ part: 'node', id: 'strategy', theirs: undefined }]);
      expect(bare.content.graph.nodes).toHaveProperty('report');
      expect(edges(bare.content.graph)).toEqual(edges(gone.graph));
      expect(edges(both(connected, gone).content.graph)).toContain(link('strategy', 'report'));
    });
  });

  it('leaves no edge to a node that is gone', () => {
    const cut = change((draft) => {
      delete draft.nodes['trade_manager'];
      delete draft.edges[link('risk_manager', 'trade_manager')];
    });
    for (const { content } of [
      both(cut, BASE),
      both(BASE, cut),
      both(addedReport('strategy'), cut),
    ]) {
      for (const { from, to } of Object.values(content.graph.edges))
        expect([from, to].filter((id) => !(id in content.graph.nodes))).toEqual([]);
    }
  });

  it('has the edges that either drew, and none that either cut', () => {
    const drawn = addedReport('strategy');
    const cut = change((draft) => void delete draft.edges[link('market_data', 'strategy')]);
    const { content } = both(drawn, cut);
    expect(edges(content.graph)).toContain(link('strategy', 'report'));
    expect(edges(content.graph)).not.toContain(link('market_data', 'strategy'));
  });

  it('has what either added, theirs first', () => {
    const mine = added(node('mine', 'report'));
    const theirs = added(node('theirs', 'report'));
    expect(Object.keys(both(mine, theirs).content.graph.nodes).slice(-2)).toEqual([
      'theirs',
      'mine',
    ]);
  });

  it('asks for the fields of a node that both added by one id, or for all of another agent', () => {
    const one = added(node('new', 'strategy', { method: 'rsi', length: 7 }));
    const other = added(node('new', 'strategy', { method: 'rsi', length: 21 }));
    expect(both(one, other).clashes).toMatchObject([{ id: 'new', field: 'config.length' }]);
    const report = added(node('new', 'report'));
    const whole = both(one, report, 'theirs');
    expect(whole.clashes).toMatchObject([{ part: 'node', id: 'new' }]);
    expect(whole.clashes[0]?.field).toBeUndefined();
    expect(whole.content.graph.nodes['new']?.agentType).toBe('report');
  });

  it('never asks where a thing is drawn: mine stand where both moved it', () => {
    const moved = (x: number) =>
      change((draft) => void (draft.nodes['strategy']!.position = { x, y: 8 }));
    const { content, clashes } = both(moved(80), moved(160));
    expect(clashes).toEqual([]);
    expect(content.graph.nodes['strategy']?.position.x).toBe(80);
    expect(both(BASE, moved(160)).content.graph.nodes['strategy']?.position.x).toBe(160);
  });

  it('treats notes like nodes', () => {
    const noted = (text: string, from = graph): PipelineGraph => ({
      ...from,
      notes: { n: { id: 'n', text, position: { x: 0, y: 0 }, size: { w: 1, h: 1 } } },
    });
    const [base, mine, theirs] = ['a', 'b', 'c'].map((text) => ({ ...BASE, graph: noted(text) }));
    expect(merge(base!, mine!, theirs!, 'mine', TEST_CATALOGUE)).toMatchObject({
      content: { graph: { notes: { n: { text: 'b' } } } },
      clashes: [{ part: 'note', id: 'n', field: 'text', mine: 'b', theirs: 'c' }],
    });
    expect(merge(base!, mine!, BASE, 'theirs', TEST_CATALOGUE)).toMatchObject({
      content: { graph: { notes: {} } },
      clashes: [{ part: 'note', id: 'n' }],
    });
  });

  describe('of a way to start', () => {
    const hourly = readTrigger({ kind: 'periodic', every_minutes: 60, symbols: ['AAPL'] });
    const starting = (trigger: Start | object): Content => ({
      ...BASE,
      trigger: { ...hourly, ...trigger } as Start,
    });
    const of = (mine: Content, theirs: Content, winner: Side = 'mine') =>
      merge(starting({}), mine, theirs, winner, TEST_CATALOGUE);

    it('goes field by field', () => {
      const { content, clashes } = of(starting({ symbols: ['F'] }), starting({ every_minutes: 5 }));
      expect(content.trigger).toEqual({ ...hourly, symbols: ['F'], every_minutes: 5 });
      expect(clashes).toEqual([]);
    });

    it('is asked for once, whatever of it clashes', () => {
      const mine = starting({ symbols: ['F'], every_minutes: 5 });
      const theirs = starting({ symbols: ['T'], every_minutes: 9, market_hours_only: false });
      const { content, clashes } = of(mine, theirs);
      expect(clashes).toHaveLength(1);
      expect(content.trigger).toEqual({ ...mine.trigger, market_hours_only: false });
    });

    it('is one thing where the ways are of other kinds', () => {
      const manual: Content = { ...BASE, trigger: { kind: 'manual' } };
      const listens: Content = { ...BASE, trigger: readTrigger({ kind: 'signal' }) };
      expect(of(manual, starting({})).content.trigger).toEqual({ kind: 'manual' });
      expect(of(manual, listens, 'theirs')).toMatchObject({
        content: { trigger: { kind: 'signal' } },
        clashes: [{ part: 'start' }],
      });
    });
  });

  function added(item: PipelineNode): Content {
    return change((draft) => void (draft.nodes[item.id] = { ...item, config: { ...item.config } }));
  }

  function addedReport(after: string): Content {
    return change((draft) => {
      draft.nodes['report'] = { ...node('report'), config: {} };
      const id = link(after, 'report');
      draft.edges[id] = { id, from: after, fromPort: null, to: 'report' };
    });
  }
});
