import type { Study, StudyAnswer, StudyKind, StudyValues } from './chart-types';

const MOST_DIGITS = 8;

/** What the menu offers: each indicator with each of its presets. */
export function offeredStudies(kinds: readonly StudyKind[]): Study[] {
  return kinds.flatMap(({ name, presets }) => presets.map((settings) => ({ name, settings })));
}

/** Its title with the first of its settings, and the others that are not as usual: `SMA 50`. */
export function studyName({ name, settings }: Study, kind: StudyKind | undefined): string {
  if (!kind) return name;
  const words = settingsOf(kind).flatMap(([setting, { default: usual }], place) => {
    const value = settings[setting] ?? usual;
    const said = place === 0 || JSON.stringify(value) !== JSON.stringify(usual);
    return said && value !== null && value !== undefined ? [String(value)] : [];
  });
  return [kind.title, ...words].join(' ');
}

/** Its settings by name, in the order of their form. */
export function settingsOf(kind: StudyKind): [string, { readonly default?: unknown }][] {
  const { properties } = kind.settings_schema as { properties?: Record<string, object> };
  return Object.entries(properties ?? {});
}

/** One word for it, to compare and to keep. */
export function studyKey({ name, settings }: Study): string {
  return `${name}:${JSON.stringify(Object.entries(settings).sort())}`;
}

/** An indicator ready to be drawn. */
export function drawnStudy(study: Study, kind: StudyKind, answer: StudyAnswer): StudyValues {
  const { lowest, highest, levels } = kind;
  const scale = lowest === null || highest === null ? null : { lowest, highest };
  const label = studyName(study, kind);
  return { ...answer, study, label, scale, levels, digits: digitsOf(answer) };
}

/** Enough places to tell values of this size apart. */
function digitsOf({ values }: StudyAnswer): number {
  let largest = 0;
  for (const found of values.values())
    for (const value of found) largest = Math.max(largest, Math.abs(value ?? 0));
  if (largest >= 1_000) return 0;
  if (largest >= 10 || largest === 0) return 1;
  return Math.min(MOST_DIGITS, 2 + Math.ceil(-Math.log10(largest)));
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
