import type { InstrumentDetail, SpanOut, SymbolOut } from '@core/api';

export const SAMPLE_SPAN: SpanOut = {
  source: 'sample',
  simulated: false,
  timeframes: ['1d', '1w'],
  first_at: '2004-08-19T13:30:00Z',
  last_at: '2013-03-01T21:00:00Z',
};
export const SIMULATED_SPAN: SpanOut = {
  source: 'simulated',
  simulated: true,
  timeframes: ['1m', '1d'],
  first_at: '2000-01-31T00:00:00Z',
  last_at: null,
};
export const IMPORTED_SPAN: SpanOut = {
  source: 'imported',
  simulated: false,
  timeframes: ['1h', '1d'],
  first_at: '2015-01-02T14:30:00Z',
  last_at: '2020-11-03T21:00:00Z',
};

/** An instrument of which these prices answer, with others besides. */
export function symbolOf(span: SpanOut, ...others: SpanOut[]): SymbolOut {
  return {
    ...span,
    symbol: 'AAPL',
    name: 'Apple',
    currency: 'USD',
    calendar: 'XNYS',
    ended: false,
    timezone: 'America/New_York',
    others,
  };
}

/** Its detail, as far as these prices are known by it alone. */
export function detailOf(...spans: SpanOut[]): InstrumentDetail {
  const datasets = spans.map((span) => ({ ...span, gaps: null }));
  return { symbol: 'AAPL', datasets } as unknown as InstrumentDetail;
}
