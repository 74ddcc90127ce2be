import { formatDate } from '../format/times';

/** From when to when there are prices of an instrument; without an end, they go on to this moment. */
export interface PriceRange {
  readonly source: string;
  readonly first_at?: string | null;
  readonly last_at?: string | null;
}

const DAY_MS = 86_400_000;
/** Longer than any week with holidays: prices that are older do not go on. */
const OLD_MS = 7 * DAY_MS;

/** "sample, 2004 to 2013", "simulated, 2000 to now", "imported" where the range is not known. */
export function rangeInWords({ source, first_at, last_at }: PriceRange): string {
  if (!first_at) return source;
  const [first, last] = [yearOf(first_at), last_at ? yearOf(last_at) : 'now'];
  return first === last ? `${source}, ${first}` : `${source}, ${first} to ${last}`;
}

/** "newest price 1 Mar 2013", the day in UTC as every market closes before its end; empty while prices go on to this moment. */
export function newestInWords(range: PriceRange | null | undefined): string {
  return range?.last_at ? `newest price ${formatDate(range.last_at, 'UTC')}` : '';
}

/** Whether prices have stopped: whatever runs on them sees the same ones every time. */
export function isOld(range: PriceRange | null | undefined, nowMs: number = Date.now()): boolean {
  return Boolean(range?.last_at) && nowMs - Date.parse(range?.last_at ?? '') > OLD_MS;
}

function yearOf(iso: string): string {
  return String(new Date(iso).getUTCFullYear());
}
