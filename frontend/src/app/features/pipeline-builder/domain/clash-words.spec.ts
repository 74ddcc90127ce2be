import { clashInWords } from './clash-words';
import { type Clash } from './merge';
import { node, TEST_CATALOGUE, tradingPipeline } from './testing';
import { readTrigger } from './trigger';

describe('a clash in words', () => {
  const words = (clash: Clash) => clashInWords(clash, tradingPipeline(), TEST_CATALOGUE);
  const strategy = { part: 'node', id: 'strategy' } as const;

  it('names the field and both values, a default where nothing was set', () => {
    const method = { field: 'config.method', mine: 'golden_cross', theirs: 'rsi' };
    expect(words({ ...strategy, ...method })).toBe('Strategy: Method Golden cross here, RSI there');
    const length = { field: 'config.length', mine: undefined, theirs: 21 };
    expect(words({ ...strategy, ...length })).toBe('Strategy: Length 14 here, 21 there');
    const long = { field: 'config.timeframe', mine: 'x'.repeat(50), theirs: 'y' };
    expect(words({ ...strategy, ...long })).toBe('Strategy: Timeframe, other here than there');
    const named = { field: 'name', mine: 'Fast', theirs: null };
    expect(words({ ...strategy, ...named })).toBe('Fast here, Strategy there');
  });

  it('says who removed it', () => {
    const one = node('strategy');
    expect(words({ ...strategy, mine: one, theirs: undefined })).toBe(
      'Strategy: changed here, removed there',
    );
    expect(words({ ...strategy, id: 'gone', mine: undefined, theirs: node('report') })).toBe(
      'Report: removed here, changed there',
    );
    expect(words({ part: 'note', mine: undefined, theirs: {} })).toBe(
      'A note: removed here, changed there',
    );
  });

  it('tells the name and the way to start', () => {
    expect(words({ part: 'name', mine: 'A', theirs: 'B' })).toBe('The name: A here, B there');
    const hourly = readTrigger({ kind: 'periodic', every_minutes: 60, symbols: ['AAPL'] });
    const manual = readTrigger({ kind: 'manual' });
    expect(words({ part: 'start', mine: hourly, theirs: manual })).toBe(
      'It starts every hour on AAPL here, by hand there',
    );
    const zoned = { ...hourly, timezone: 'Asia/Tokyo' };
    expect(words({ part: 'start', mine: hourly, theirs: zoned })).toBe(
      'How it starts (every hour on AAPL) is set up otherwise here than there',
    );
  });
});
