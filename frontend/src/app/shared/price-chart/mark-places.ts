import type { ChartBar, ChartMark } from './chart-types';

const DAY_MS = 24 * 60 * 60 * 1_000;
/** Longer than any weekend with holidays: what comes later belongs to bars that are not there. */
const LONGEST_PAUSE_MS = 4 * DAY_MS;

/**
 * The bar that each mark falls into, by its index. What happened before the first bar or long after
 * the last one is left out: on a chart it would seem to have happened at its edge.
 */
export function markPlaces(
  marks: readonly ChartMark[],
  bars: readonly ChartBar[],
): ReadonlyMap<number, readonly ChartMark[]> {
  const opened = bars.map(({ time }) => Date.parse(time));
  const places = new Map<number, ChartMark[]>();
  for (const mark of marks) {
    const at = Date.parse(mark.time);
    const index = opened.findLastIndex((time) => time <= at);
    if (index < 0 || (index === bars.length - 1 && at > lastMoment(opened))) continue;
    places.set(index, [...(places.get(index) ?? []), mark]);
  }
  return places;
}

function lastMoment(opened: readonly number[]): number {
  const last = opened.at(-1) ?? 0;
  return last + Math.max(LONGEST_PAUSE_MS, 2 * (last - (opened.at(-2) ?? last)));
}
