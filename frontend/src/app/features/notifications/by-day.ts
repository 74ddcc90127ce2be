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
  const dateOf = (ms: number): string => formatDate(new Date(ms).toISOString(), timeZone);
  const names = new Map([
    [dateOf(nowMs - DAY_MS), 'Yesterday'],
    [dateOf(nowMs), 'Today'],
  ]);
  const days = new Map<string, T[]>();
  for (const item of items) {
    const date = formatDate(item.at, timeZone);
    const day = days.get(date);
    if (day) day.push(item);
    else days.set(date, [item]);
  }
  return [...days].map(([date, of]) => ({ label: names.get(date) ?? date, items: of }));
}
