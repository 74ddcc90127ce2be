import type { SymbolPrices } from './symbol-search';

const AAPL = { symbol: 'AAPL', calendar: 'XNYS' };

export const SAMPLE: SymbolPrices = {
  ...AAPL,
  source: 'sample',
  simulated: false,
  timeframes: ['1d', '1w'],
  first_at: '2004-08-19T13:30:00Z',
  last_at: '2013-03-01T21:00:00Z',
};
/** What a simulator has of it, with the sample besides. */
export const SIMULATED: SymbolPrices = {
  ...AAPL,
  source: 'simulated',
  simulated: true,
  timeframes: ['1m', '1d'],
  first_at: '2000-01-31T00:00:00Z',
  last_at: null,
  others: [SAMPLE],
};
export const IMPORTED: SymbolPrices = {
  ...AAPL,
  source: 'imported',
  simulated: false,
  timeframes: ['1d'],
  first_at: '2015-01-02T14:30:00Z',
  last_at: '2020-11-03T21:00:00Z',
};
