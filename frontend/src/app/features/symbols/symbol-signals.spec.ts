import type { SignalOut, SymbolOut } from '@core/api';
import { factsOf } from './symbol-facts';
import { marksOf } from './symbol-signals';

function signalOf(...tickers: SignalOut['tickers']): SignalOut {
  return {
    signal_type: 'golden_cross',
    occurred_at: '2026-11-27T15:00:00Z',
    tickers,
  } as unknown as SignalOut;
}

describe('the signals of a symbol on its chart', () => {
  it('are marked at their time, which way they point and how sure they are', () => {
    const signals = [
      signalOf({ ticker: 'NVDA', signal: 'BULLISH', confidence: 82.04 }),
      signalOf({ ticker: 'NVDA', signal: 'BEARISH', confidence: 60 }),
      signalOf({ ticker: 'NVDA', signal: 'FLAT', confidence: 50 }),
    ];
    const marks = marksOf(signals, 'NVDA', () => 'Golden cross');
    expect(marks.map(({ side }) => side)).toEqual(['buy', 'sell', 'neither']);
    expect(marks[0]).toEqual({
      time: '2026-11-27T15:00:00Z',
      label: 'Golden cross: bullish, confidence 82',
      side: 'buy',
      quiet: true,
    });
  });

  it('are left out where they name another symbol', () => {
    const signals = [signalOf({ ticker: 'AMD', signal: 'BULLISH', confidence: 82 })];
    expect(marksOf(signals, 'NVDA', String)).toEqual([]);
  });
});

describe('the facts of a symbol', () => {
  it('tell its market by name, and the days that its prices are told of elsewhere too', () => {
    const sample = {
      source: 'sample',
      simulated: false,
      calendar: 'XNYS',
      timezone: 'America/New_York',
      currency: 'USD',
      timeframes: ['1d', '1w'],
      first_at: '2004-08-19T13:30:00Z',
      last_at: '2013-03-01T21:00:00Z',
    } as unknown as SymbolOut;
    const facts = (of: SymbolOut) =>
      factsOf(of, 'New York Stock Exchange').map(({ value }) => value);
    expect(facts(sample)).toEqual([
      'Sample prices',
      'New York Stock Exchange',
      'USD',
      '1d, 1w',
      '19 Aug 2004',
      '1 Mar 2013',
    ]);
    const simulated = { ...sample, first_at: '2000-01-31T00:00:00Z', last_at: null };
    expect(facts(simulated).slice(4)).toEqual(['31 Jan 2000', 'Now']);
  });
});
