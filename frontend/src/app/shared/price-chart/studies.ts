import type { Study, StudyValues } from './chart-types';

/** What the menu offers. */
export const STUDIES: readonly Study[] = [
  { name: 'sma', period: 20 },
  { name: 'sma', period: 50 },
  { name: 'sma', period: 200 },
  { name: 'ema', period: 20 },
  { name: 'ema', period: 50 },
  { name: 'bollinger', period: 20 },
  { name: 'rsi', period: 14 },
];

const NAMES: Readonly<Record<Study['name'], string>> = {
  sma: 'SMA',
  ema: 'EMA',
  bollinger: 'Bollinger',
  rsi: 'RSI',
};

/** `SMA 50`. */
export function studyName({ name, period }: Study): string {
  return `${NAMES[name]} ${period}`;
}

/** One word for it, to compare and to keep. */
export function studyKey({ name, period }: Study): string {
  return `${name}:${period}`;
}

/** A point of a drawn line; `hole`: nothing is drawn from here to the next point. */
export interface LinePoint {
  readonly index: number;
  readonly value: number;
  readonly hole: boolean;
}

/** The points of one line over bars that open at `times`; where there is no value there is no point. */
export function linePoints(
  { values }: StudyValues,
  line: number,
  times: readonly string[],
): LinePoint[] {
  const all = times.map((time) => values.get(time)?.[line] ?? null);
  return all.flatMap((value, index) => {
    if (value === null || !Number.isFinite(value)) return [];
    return [{ index, value, hole: index + 1 < all.length && (all[index + 1] ?? null) === null }];
  });
}
