import { zoneInWords } from '../format/times';
import { barTime, type ChartClock, tickLabel, timeframeInWords } from './chart-times';

const hourly: ChartClock = { timezone: 'America/New_York', calendar: 'XNYS', timeframe: '1h' };
const daily: ChartClock = { ...hourly, timeframe: '1d' };

describe('the times of a chart', () => {
  it('are those of the exchange, also when its clocks have changed', () => {
    expect(barTime('2026-11-27T14:30:00Z', hourly)).toBe('27 Nov 2026, 09:30');
    expect(barTime('2026-07-27T13:30:00Z', hourly)).toBe('27 Jul 2026, 09:30');
  });

  it('are dates alone from a day on', () => {
    expect(barTime('2013-03-01T14:30:00Z', daily)).toBe('1 Mar 2013');
  });

  it('name a day of currencies by its end, as it begins on the evening before', () => {
    const currencies: ChartClock = { ...daily, calendar: '24/5' };
    expect(barTime('2026-11-29T22:00:00Z', currencies)).toBe('30 Nov 2026');
    // A file that cuts its days at midnight UTC means the same day.
    expect(barTime('2026-11-30T00:00:00Z', currencies)).toBe('30 Nov 2026');
  });

  it('stand under the chart in what matters there', () => {
    expect(tickLabel('2026-09-01T13:30:00Z', daily, 'month')).toBe('Sep');
    expect(tickLabel('2026-01-02T14:30:00Z', daily, 'year')).toBe('2026');
    expect(tickLabel('2026-11-27T14:30:00Z', daily, 'day')).toBe('27');
    expect(tickLabel('2026-11-27T14:30:00Z', hourly, 'day')).toBe('27 Nov');
    expect(tickLabel('2026-11-27T14:30:00Z', hourly, 'time')).toBe('09:30');
  });

  it('say their zone and timeframe in words', () => {
    expect(zoneInWords('America/Argentina/Buenos_Aires')).toBe('Buenos Aires time');
    expect(zoneInWords('UTC')).toBe('UTC');
    expect(['1m', '4h', '1d', '1mo'].map(timeframeInWords)).toEqual([
      '1 minute',
      '4 hours',
      '1 day',
      '1 month',
    ]);
  });
});
