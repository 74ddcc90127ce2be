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
    said: { timeframe: null, timezone: null, symbol: null, market: null, label: null },
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
