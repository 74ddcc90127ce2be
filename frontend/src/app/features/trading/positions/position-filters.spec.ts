import { position } from '@core/trading/testing';
import { matches, type PositionFilters } from './position-filters';

const filters = (change: Partial<PositionFilters> = {}): PositionFilters => ({
  status: 'open',
  mode: null,
  account_id: null,
  pipeline_id: null,
  ...change,
});

describe('a list of positions', () => {
  it('holds what is open, or what was', () => {
    const closed = position({ status: 'closed' });
    expect(matches(position({ status: 'closing' }), filters())).toBe(true);
    expect(matches(closed, filters())).toBe(false);
    expect(matches(closed, filters({ status: 'closed' }))).toBe(true);
  });

  it('does not hold what was never filled', () => {
    const never = position({ status: 'closed', opened_at: null });
    expect(matches(never, filters({ status: 'closed' }))).toBe(false);
  });

  it('is narrowed by mode, account and pipeline', () => {
    expect(matches(position(), filters({ mode: 'live' }))).toBe(false);
    expect(matches(position(), filters({ account_id: 'a-2' }))).toBe(false);
    expect(matches(position(), filters({ pipeline_id: 'x' }))).toBe(false);
    expect(matches(position(), filters({ mode: 'simulation', account_id: 'a-1' }))).toBe(true);
  });
});
