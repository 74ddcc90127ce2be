import { formatDate, formatDateTime } from '../format/times';

const LONG: ReadonlySet<string> = new Set(['1d', '1w', '1mo']);
/** Trading days of currencies begin at 17:00 New York and go by the date on which they end. */
const EVENING_MS = 7 * 60 * 60 * 1_000;

/** How the times of a chart's bars are told: in the zone of the market. */
export interface ChartClock {
  readonly timezone: string;
  readonly calendar: string;
  readonly timeframe: string;
}

/** Whether several bars open on one day, so that the time of day matters. */
export function isIntraday(timeframe: string): boolean {
  return !LONG.has(timeframe);
}

/** `14 May 2009`, within days `14 May 2009, 09:30`. */
export function barTime(time: string, clock: ChartClock): string {
  return isIntraday(clock.timeframe) ? formatDateTime(time, clock.timezone) : barDay(time, clock);
}

/** `14 May 2009`: the market's trading day at that time. */
export function barDay(time: string, clock: Omit<ChartClock, 'timeframe'>): string {
  return formatDate(dayOf(time, clock), clock.timezone);
}

/** What stands under the chart at a bar: the year, the month, the day or the time, as it begins. */
export function tickLabel(
  time: string,
  clock: ChartClock,
  unit: 'year' | 'month' | 'day' | 'time',
): string {
  const at = isIntraday(clock.timeframe) ? time : dayOf(time, clock);
  const options: Record<typeof unit, Intl.DateTimeFormatOptions> = {
    year: { year: 'numeric' },
    month: { month: 'short' },
    day: isIntraday(clock.timeframe) ? { day: 'numeric', month: 'short' } : { day: 'numeric' },
    time: { hour: '2-digit', minute: '2-digit', hour12: false },
  };
  const format = new Intl.DateTimeFormat('en-GB', { ...options[unit], timeZone: clock.timezone });
  return format.format(new Date(at)).replace('Sept', 'Sep');
}

/** `1 minute`, `4 hours`, `1 day`, `1 month`. */
export function timeframeInWords(timeframe: string): string {
  const units: Record<string, string> = {
    m: 'minute',
    h: 'hour',
    d: 'day',
    w: 'week',
    mo: 'month',
  };
  const [, count = '', unit = ''] = /^(\d+)(\w+)$/.exec(timeframe) ?? [];
  return units[unit] ? `${count} ${units[unit]}${count === '1' ? '' : 's'}` : timeframe;
}

function dayOf(time: string, { calendar }: Omit<ChartClock, 'timeframe'>): string {
  return calendar === '24/5' ? new Date(Date.parse(time) + EVENING_MS).toISOString() : time;
}
