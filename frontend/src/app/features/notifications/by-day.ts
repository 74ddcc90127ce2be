import { formatDate } from '@shared/format/times';

export interface Day<T> {
  /** "Today", "Yesterday" or the date. */
  readonly label: string;
  readonly items: readonly T[];
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Items, newest first, under the day that each of them was on for the reader. */
export function byDay<T extends { readonly at: string }>(
  items: readonly T[],
  nowMs: number,
  timeZone?: string,
): readonly Day<T>[] {
  const calendar = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
  });
  const today = dayNumber(calendar, nowMs);
  const names = ['Today', 'Yesterday'];
  const days = new Map<string, T[]>();
  for (const item of items) {
    const age = today - dayNumber(calendar, Date.parse(item.at));
    const label = names[age] ?? formatDate(item.at, timeZone);
    const day = days.get(label);
    if (day) day.push(item);
    else days.set(label, [item]);
  }
  return [...days].map(([label, of]) => ({ label, items: of }));
}

/** The reader's calendar day as a count of days: one when clocks change is no 24 hours long. */
function dayNumber(calendar: Intl.DateTimeFormat, ms: number): number {
  const parts = new Map(calendar.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const [year = 0, month = 0, day = 0] = [parts.get('year'), parts.get('month'), parts.get('day')];
  return Date.UTC(year, month - 1, day) / DAY_MS;
}
