import type { SymbolPrices } from './symbol-search';

const AAPL = { symbol: 'AAPL', ended: false };

export const SAMPLE: SymbolPrices = {
  ...AAPL,
  source: 'sample',
  simulated: false,
  first_at: '2004-08-19T13:30:00Z',
  last_at: '2013-03-01T21:00:00Z',
};
/** What a simulator has of it, with the sample besides. */
export const SIMULATED: SymbolPrices = {
  ...AAPL,
  source: 'simulated',
  simulated: true,
  first_at: '2000-01-31T00:00:00Z',
  last_at: null,
  others: [SAMPLE],
};
export const IMPORTED: SymbolPrices = {
  ...AAPL,
  source: 'imported',
  simulated: false,
  first_at: '2015-01-02T14:30:00Z',
  last_at: '2020-11-03T21:00:00Z',
};
