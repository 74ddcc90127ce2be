import { isStored, type PriceSpan } from './price-range';

/** Prices of one source, and what tells when the next bar of them is due. */
export interface TimedPrices extends PriceSpan {
  /** `24/7`, or a market that is closed at weekends. */
  readonly calendar: string;
  /** Finest first. */
  readonly timeframes: readonly string[];
}

const DAY_MS = 86_400_000;
/** So many sessions may close after the last bar: the file of a day comes after its close. */
const SESSIONS = 2;
/** After this, no holiday explains that there is no bar. */
const LONGEST_MS = 31 * DAY_MS;
const COARSE_MS: Readonly<Record<string, number>> = { '1w': 14 * DAY_MS, '1mo': 62 * DAY_MS };

/**
 * Whether stored prices end before a moment, so that nothing can run on them as of then. Holidays
 * are not known here: on the day after one it may be said a session too early.
 */
export function haveEnded(prices: TimedPrices, atMs: number = Date.now()): boolean {
  if (!isStored(prices) || !prices.last_at) return false;
  const lastMs = Date.parse(prices.last_at);
  const coarseMs = COARSE_MS[prices.timeframes[0] ?? ''];
  if (coarseMs) return atMs - lastMs >= coarseMs;
  return atMs - lastMs > LONGEST_MS || sessionsAfter(lastMs, atMs, prices.calendar) >= SESSIONS;
}

/** How many sessions have closed since, each at the time of day of the last bar. */
function sessionsAfter(lastMs: number, atMs: number, calendar: string): number {
  let sessions = 0;
  for (let closeMs = lastMs + DAY_MS; closeMs <= atMs; closeMs += DAY_MS) {
    const day = new Date(closeMs).getUTCDay();
    if (calendar === '24/7' || (day !== 0 && day !== 6)) sessions += 1;
  }
  return sessions;
}
