import type { SymbolOut } from '@core/api';
import { IMPORTED_SPAN, symbolOf } from '@core/market/testing';
import { factsOf } from './symbol-facts';

const ends = (changes: Partial<SymbolOut>) =>
  factsOf({ ...symbolOf(IMPORTED_SPAN), ...changes }, 'A market')
    .slice(-2)
    .map(({ label, value }) => `${label} ${value}`);

describe('the facts of a symbol', () => {
  it('tells the ends of hours by the days of the market', () => {
    expect(
      ends({
        calendar: 'XTKS',
        timezone: 'Asia/Tokyo',
        timeframes: ['1h', '1d'],
        first_at: '2024-01-03T23:00:00Z',
        last_at: '2024-02-01T16:00:00Z',
      }),
    ).toEqual(['First bar 4 Jan 2024', 'Last bar 2 Feb 2024']);
  });

  it.each(['1h', '1d'] as const)('tells days of currencies by when they end: %s', (stored) => {
    expect(
      ends({
        calendar: '24/5',
        timezone: 'America/New_York',
        timeframes: [stored],
        first_at: '2024-01-07T22:00:00Z',
        last_at: '2024-01-12T22:00:00Z',
      }),
    ).toEqual(['First bar 8 Jan 2024', 'Last bar 12 Jan 2024']);
  });

  it('counts a close at midnight for the day before', () => {
    expect(
      ends({
        calendar: '24/7',
        timezone: 'UTC',
        timeframes: ['1d'],
        first_at: '2024-01-01T00:00:00Z',
        last_at: '2024-02-01T00:00:00Z',
      }),
    ).toEqual(['First bar 1 Jan 2024', 'Last bar 31 Jan 2024']);
  });
});
