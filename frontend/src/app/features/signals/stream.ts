import type { SignalOut } from '@core/api';

export interface Merge {
  /** What is on show, brought up to date, without what is new. */
  readonly known: readonly SignalOut[];
  /** What arrived since, newest first. */
  readonly fresh: readonly SignalOut[];
  /** So much arrived that something between is missing: read the list anew. */
  readonly gap: boolean;
}

/** Joins a fresh first page (newest first) to what is on show; older pages stay. */
export function mergeFirstPage(
  shown: readonly SignalOut[],
  first: readonly SignalOut[],
  hasMore: boolean,
): Merge {
  const latest = new Map(first.map((item) => [item.id, item]));
  const seen = new Set(shown.map((item) => item.id));
  const fresh = first.filter((item) => !seen.has(item.id));
  const gap = hasMore && first.length > 0 && fresh.length === first.length;
  return { known: shown.map((item) => latest.get(item.id) ?? item), fresh, gap };
}

/** What came of a signal, in figures: "2 started, 1 skipped". */
export function resultInWords({ started, skipped }: SignalOut): string {
  const parts = [
    ...(started ? [`${started} started`] : []),
    ...(skipped ? [`${skipped} skipped`] : []),
  ];
  return parts.join(', ') || 'No match';
}
