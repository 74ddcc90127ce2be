import { type ChartBar } from './chart-types';
import { withinDays } from './draw-chart';

function bars(...times: string[]): ChartBar[] {
  return times.map((time) => ({ time, open: '1', high: '1', low: '1', close: '1' }));
}

describe('the time axis of a price chart', () => {
  it('names the hour of bars within days, be there a night between the first two', () => {
    const hourly = ['2026-11-26T20:30:00Z', '2026-11-27T14:30:00Z', '2026-11-27T15:30:00Z'];
    expect(withinDays(bars(...hourly))).toBe(true);
    expect(withinDays(bars(...hourly.slice(1)))).toBe(true);
  });

  it('names only the date of longer bars, and of none', () => {
    expect(withinDays(bars('2026-11-25T05:00:00Z', '2026-11-27T05:00:00Z'))).toBe(false);
    expect(withinDays(bars('2026-11-25T05:00:00Z'))).toBe(false);
    expect(withinDays([])).toBe(false);
  });
});
