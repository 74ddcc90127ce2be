import type { InstrumentDetail } from '@core/api';

/** An instrument of which its user changed nothing. */
export const AAPL: InstrumentDetail = {
  symbol: 'AAPL',
  name: 'Apple',
  market: 'XNYS',
  market_name: 'New York Stock Exchange',
  currency: 'USD',
  tick: '0.01',
  quantity_step: '1',
  shortable: null,
  dataset: null,
  decided_by: {
    name: 'symbol',
    market: 'symbol',
    currency: 'symbol',
    tick: 'symbol',
    quantity_step: 'symbol',
    shortable: 'symbol',
    dataset: 'symbol',
  },
  reasons: {
    name: 'Its usual name.',
    market: 'A symbol without an exchange is taken for one in New York.',
    currency: 'That of its exchange.',
    tick: 'A cent from 1.00 on.',
    quantity_step: 'Whole shares.',
    shortable: 'Not known: it depends on what the broker can borrow.',
    dataset: 'Your import where there is one, else the sample in its years, else the provider.',
  },
  datasets: [
    {
      source: 'sample',
      simulated: false,
      timeframes: ['1d'],
      first_at: '2004-01-02T14:30:00Z',
      last_at: '2013-03-01T21:00:00Z',
      gaps: null,
    },
  ],
  notes: [],
};
