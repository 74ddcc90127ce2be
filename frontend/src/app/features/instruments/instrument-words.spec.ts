import type { DatasetOut, InstrumentOut } from '@core/api';
import { datasetWords, isChanged, pricesOffered, shortWords } from './instrument-words';
import { AAPL } from './testing';

const IMPORTED: DatasetOut = {
  source: 'imported',
  simulated: false,
  timeframes: ['1h', '1d'],
  first_at: '2024-01-02T14:30:00Z',
  last_at: '2024-03-01T21:00:00Z',
  gaps: null,
};

describe('instruments in words', () => {
  it('offer the prices that there are, and what was chosen before', () => {
    const kinds = (of: Partial<InstrumentOut>) =>
      pricesOffered({ ...AAPL, ...of }).map(({ kind }) => kind);
    expect(kinds({})).toEqual(['sample']);
    const alpaca = { ...IMPORTED, source: 'alpaca' as const };
    expect(kinds({ datasets: [alpaca, IMPORTED] })).toEqual(['imported', 'provider']);
    expect(kinds({ datasets: [], dataset: 'imported' })).toEqual(['imported']);
  });

  it('says where prices come from, and from when to when', () => {
    expect(datasetWords(IMPORTED)).toMatchObject({
      source: 'Your import',
      bars: '1h, 1d',
      span: '2 Jan 2024 to 1 Mar 2024',
      gaps: null,
    });
  });

  it('says of prices without an end that they go on until now', () => {
    const endless = { ...IMPORTED, last_at: null, timeframes: ['1m', '5m', '1h', '1d'] as const };
    const words = datasetWords({ ...endless, timeframes: [...endless.timeframes] });
    expect([words.bars, words.span]).toEqual(['All timeframes', '2 Jan 2024 to now']);
    expect(datasetWords({ ...IMPORTED, first_at: null, last_at: null }).span).toBe('Until now');
  });

  it('tells gaps that were counted from those that were not', () => {
    const gaps = (count: number) => datasetWords({ ...IMPORTED, gaps: count }).gaps;
    expect([gaps(0), gaps(1), gaps(1200)]).toEqual(['None', '1 bar', '1,200 bars']);
  });

  it('says of short sales also that it is not known', () => {
    expect([true, false, null].map(shortWords)).toEqual(['Yes', 'No', 'Not known']);
  });

  it('knows what its user changed', () => {
    const by = (market: 'user' | 'symbol') =>
      ({ decided_by: { name: 'symbol', market } }) as unknown as InstrumentOut;
    expect([isChanged(by('user')), isChanged(by('symbol'))]).toEqual([true, false]);
  });
});
