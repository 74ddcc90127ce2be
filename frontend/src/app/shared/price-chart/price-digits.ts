import type { Decimal } from '../format/numbers';

const LOOKED_AT = 60;
const CENTS = 2;
/** Calendars of currencies and coins, whose ticks are finer. */
const ROUND_THE_CLOCK: ReadonlySet<string> = new Set(['24/5', '24/7']);
const USUAL = 0.8;
/** Prices are quoted to no more places; what has more was adjusted or made up. */
const FINEST_TICK = 5;
const MOST = 8;

/**
 * How many places the prices of a chart have: cents for what an exchange lists, else those in which
 * they are quoted, two at least.
 */
export function priceDigits(closes: readonly Decimal[], calendar: string): number {
  const looked = closes.slice(-LOOKED_AT);
  const newest = Math.abs(Number(looked.at(-1) ?? 0));
  const written = Math.max(CENTS, usual(looked.map(places)));
  if (newest >= 1 && !ROUND_THE_CLOCK.has(calendar)) return CENTS;
  if (written <= FINEST_TICK && newest >= 1) return written;
  if (newest >= 10) return CENTS;
  if (newest >= 1) return CENTS + 2;
  const leading = newest > 0 ? Math.floor(-Math.log10(newest)) : 0;
  return Math.min(MOST, Math.max(CENTS, Math.min(written, leading + 4)));
}

/** A price with exactly so many places: `1,234.50`. */
export function priceText(price: Decimal, digits: number): string {
  return Number(price).toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** What most do not go beyond: a few odd ones do not count. */
function usual(counts: readonly number[]): number {
  return [...counts].sort((one, other) => one - other)[Math.floor(counts.length * USUAL)] ?? 0;
}

function places(price: Decimal): number {
  return (/\.(\d*?)0*$/.exec(String(price))?.[1] ?? '').length;
}
