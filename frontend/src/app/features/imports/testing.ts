import type { ImportView, UnderstoodOut } from '@core/api';

const known = (value: string, how: UnderstoodOut['how']): UnderstoodOut => ({ value, how });

/** The preview of a Yahoo file of AAPL, with what a test wants otherwise. */
export function previewOf(changes: Partial<ImportView> = {}): ImportView {
  return {
    id: 'import-1',
    status: 'previewed',
    symbols: ['AAPL'],
    bars: 2,
    from: '2024-01-02T14:30:00Z',
    to: '2024-01-03T21:00:00Z',
    notes: [],
    filename: 'AAPL.csv',
    sha256: 'ab'.repeat(32),
    size_bytes: 207,
    progress: 1,
    checked: true,
    created_at: '2026-11-30T12:00:00Z',
    timeframe: '1d',
    said: {
      timeframe: null,
      timezone: null,
      symbol: null,
      market: null,
      label: null,
      prices: null,
      date_order: null,
    },
    understood: {
      separator: known('comma', 'file'),
      decimals: known('point', 'file'),
      columns: known('Date = date, Close = close', 'file'),
      symbol: known('AAPL', 'file'),
      timeframe: known('1d', 'file'),
      timezone: known('UTC', 'guess'),
      label: known('open', 'guess'),
      market: known('XNYS', 'guess'),
      adjusted: known('yes', 'file'),
    },
    found: [
      {
        symbol: 'AAPL',
        market: 'XNYS',
        bars: 2,
        from: '2024-01-02T14:30:00Z',
        to: '2024-01-03T21:00:00Z',
        gaps: 0,
        splits: [],
        dividends: null,
      },
    ],
    first_bars: [
      {
        symbol: 'AAPL',
        opened_at: '2024-01-02T14:30:00Z',
        closed_at: '2024-01-02T21:00:00Z',
        open: '187.15',
        high: '188.44',
        low: '183.89',
        close: '185.64',
        volume: '82488700',
      },
    ],
    problems: [],
    ...changes,
  };
}

/** The preview of a file of splits and dividends of AAPL. */
export function actionsOf(changes: Partial<ImportView> = {}): ImportView {
  return previewOf({
    filename: 'AAPL-actions.csv',
    bars: 0,
    timeframe: null,
    from: '2015-02-03T00:00:00Z',
    to: '2024-11-01T00:00:00Z',
    first_bars: [],
    understood: {
      columns: known('Date = date, Stock Splits = ratio', 'file'),
      symbol: known('AAPL', 'said'),
      prices: known('unknown', 'guess'),
    },
    found: [
      {
        symbol: 'AAPL',
        market: 'XNYS',
        bars: 0,
        from: '2015-02-03T00:00:00Z',
        to: '2024-11-01T00:00:00Z',
        gaps: 0,
        splits: [
          {
            at: '2020-08-31T13:30:00Z',
            ratio: '4:1',
            ex_date: '2020-08-31',
            origin: 'file',
            use: 'undecided',
            timeframes: ['1d'],
          },
          {
            at: '2014-06-09T13:30:00Z',
            ratio: '7:1',
            ex_date: null,
            origin: 'adjusted_close',
            use: 'applied',
            timeframes: [],
          },
        ],
        dividends: { count: 12, first: '2015-02-03', last: '2024-11-01' },
      },
    ],
    ...changes,
  });
}
