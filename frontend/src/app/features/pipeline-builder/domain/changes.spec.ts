import { graphChanges, startChanges } from './changes';
import { removeAndBridge } from './commands';
import { applyCommand } from './history';
import { agent, graphOf, node, TEST_CATALOGUE, tradingPipeline } from './testing';
import { readTrigger, type Start, USUAL_HOURS } from './trigger';

const before = tradingPipeline();
const changes = (after: typeof before) => graphChanges(before, after, TEST_CATALOGUE);
const configured = (config: Record<string, unknown>) => ({
  ...before,
  nodes: { ...before.nodes, strategy: node('strategy', 'strategy', config) },
});

describe('changes of a graph in words', () => {
  it('names a node that was removed, and the edge that took its place', () => {
    const after = applyCommand(before, removeAndBridge(before, 'risk_manager'));
    expect(changes(after)).toEqual(['Risk manager removed', 'Strategy now leads to Trade manager']);
  });

  it('names a node that was added, and after what', () => {
    const after = graphOf(
      [...Object.values(before.nodes), node('report')],
      ...Object.values(before.edges).map(({ from, to }) => `${from}>${to}`),
      'strategy>report',
    );
    expect(changes(after)).toEqual(['Report added after Strategy']);
  });

  describe('of a node that was added', () => {
    const exchanged = (...nodes: ReturnType<typeof node>[]) => {
      const others = Object.values(before.nodes).filter(({ id }) => id !== 'strategy');
      const edges = Object.values(before.edges)
        .filter(({ from, to }) => from !== 'strategy' && to !== 'strategy')
        .map(({ from, to }) => `${from}>${to}`);
      return graphOf([...others, ...nodes], ...edges, 'market_data>strategy_2');
    };
    const settings = (was: Record<string, unknown>, ...nodes: ReturnType<typeof node>[]) =>
      graphChanges(configured(was), exchanged(...nodes), TEST_CATALOGUE);

    it('tells the settings that are other than those of the removed one of its type', () => {
      const again = node('strategy_2', 'strategy', { method: 'rsi', length: 14 });
      expect(settings({ method: 'rsi', length: 21 }, again)).toEqual([
        'Strategy replaced: Length 14 instead of 21',
        'Strategy no longer leads to Risk manager',
      ]);
    });

    it('tells no settings that are as they were', () => {
      const again = node('strategy_2', 'strategy', { method: 'rsi', length: 21 });
      expect(settings({ length: 21 }, again)).toEqual([
        'Strategy replaced, settings as before',
        'Strategy no longer leads to Risk manager',
      ]);
    });

    it('is one change where it was deleted and put back as it was', () => {
      const without = applyCommand(before, removeAndBridge(before, 'strategy'));
      const back = graphOf(
        [...Object.values(without.nodes), { ...node('s_2', 'strategy'), name: 'Mine' }],
        ...Object.values(before.edges).map(({ from, to }) =>
          `${from}>${to}`.replace(/\bstrategy\b/, 's_2'),
        ),
      );
      expect(changes(back)).toEqual(['Strategy replaced by Mine, settings as before']);
    });

    it('compares nodes of one type by their names where they have the same', () => {
      const named = (id: string, name: string, length: number) => ({
        ...node(id, 'strategy', { length }),
        name,
      });
      const [old, now] = [
        graphOf([named('a', 'Fast', 5), named('b', 'Slow', 50)]),
        graphOf([named('c', 'Slow', 50), named('d', 'Fast', 6)]),
      ];
      expect(graphChanges(old, now, TEST_CATALOGUE)).toEqual([
        'Slow replaced, settings as before',
        'Fast replaced: Length 6 instead of 5',
      ]);
    });

    it('tells the settings that are not the defaults, where none of its type is left', () => {
      const first = node('strategy_2', 'strategy', { method: 'rsi', length: 21 });
      const second = node('strategy_3', 'strategy', { method: 'rsi', length: 21 });
      expect(settings({ length: 21 }, first, second)).toEqual([
        'Strategy replaced, settings as before',
        'Strategy added: Length 21 instead of 14',
        'Strategy no longer leads to Risk manager',
      ]);
    });
  });

  it('tells the settings that are other, by their titles and labels', () => {
    expect(changes(configured({ method: 'golden_cross', length: 21 }))).toEqual([
      'Strategy: Method Golden cross instead of RSI and Length 21 instead of 14',
    ]);
  });

  it('tells a number with its unit', () => {
    const risk = agent('risk_manager', 'risk', ['strategy'], ['risk'], {
      config_schema: {
        type: 'object',
        properties: { share: { type: 'number', title: 'Risk', default: 1, 'x-unit': '%' } },
      },
    });
    const catalogue = new Map([...TEST_CATALOGUE, ['risk_manager', risk]]);
    const risky = {
      ...before,
      nodes: { ...before.nodes, risk_manager: node('risk_manager', 'risk_manager', { share: 2 }) },
    };
    expect(graphChanges(before, risky, catalogue)).toEqual([
      'Risk manager: Risk 2 % instead of 1 %',
    ]);
  });

  it('does not tell a setting that is written out at its default', () => {
    expect(changes(configured({ method: 'rsi', length: 14 }))).toEqual([
      'Only places and notes changed',
    ]);
  });

  it('counts settings beyond the third', () => {
    const config = { method: 'golden_cross', length: 3, timeframe: '1h', a: 1, b: 2 };
    expect(changes(configured(config))[0]).toMatch(
      /, Timeframe 1h instead of 1d and 2 other settings$/,
    );
  });

  it('says so when only places changed, and nothing when nothing did', () => {
    const strategy = { ...before.nodes['strategy']!, position: { x: 8, y: 8 } };
    const moved = { ...before, nodes: { ...before.nodes, strategy } };
    expect(changes(moved)).toEqual(['Only places and notes changed']);
    expect(changes(tradingPipeline())).toEqual([]);
  });
});

describe('changes of a way to start in words', () => {
  const hourly = readTrigger({ kind: 'periodic', every_minutes: 60, symbols: ['AAPL'] });
  const listens = readTrigger({
    kind: 'signal',
    scanner_id: 's',
    subscriptions: [{ signal_type: 'rsi', min_confidence: 70 }],
  });
  const words = (a: Start | null, b: Start) => startChanges(a, b, (type) => type.toUpperCase());

  it('tells one kind from another', () => {
    expect(words(hourly, listens)).toEqual(['Starts on signals instead of every hour on AAPL']);
    expect(words(hourly, { kind: 'manual' })).toEqual([
      'Starts by hand instead of every hour on AAPL',
    ]);
    expect(words(hourly, hourly)).toEqual([]);
  });

  it('tells the hours of a schedule', () => {
    const limited = { ...hourly, window: USUAL_HOURS } as Start;
    expect(words(hourly, limited)).toEqual(['Starts only Mon–Fri, 09:30–16:00']);
    expect(words(limited, hourly)).toEqual(['Starts at any hour, not only Mon–Fri, 09:30–16:00']);
    expect(words(limited, { kind: 'manual' })).toEqual([
      'Starts by hand instead of every hour (Mon–Fri, 09:30–16:00) on AAPL',
    ]);
  });

  it('tells each part of a schedule', () => {
    const other = { ...hourly, every_minutes: 5, symbols: ['MSFT'], market_hours_only: false };
    expect(words(hourly, other as Start)).toEqual([
      'Starts every 5 min instead of every hour',
      'Starts on MSFT too',
      'Starts no longer on AAPL',
      'Starts while the market is closed too',
    ]);
  });

  it('tells each subscription', () => {
    const other = readTrigger({
      kind: 'signal',
      scanner_id: 't',
      subscriptions: [
        { signal_type: 'rsi', min_confidence: 80 },
        { signal_type: 'macd', min_confidence: 60 },
      ],
    });
    expect(words(listens, other)).toEqual([
      'Starts on tickers of another scanner',
      'Starts on RSI from 80 instead of from 70',
      'Starts on MACD from 60 too',
    ]);
    expect(words(other, listens)).toContain('Starts no longer on MACD');
    const leaves = readTrigger({
      kind: 'signal',
      scanner_id: 's',
      subscriptions: [{ signal_type: 'rsi', min_confidence: 70, directions: ['FLAT'] }],
    });
    expect(words(listens, leaves)).toEqual([
      'Starts on RSI that is flat instead of bullish, bearish and neutral',
    ]);
  });
});
