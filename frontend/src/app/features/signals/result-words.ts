import type { SignalOut } from '@core/api';

/** What came of a signal, in figures: "2 started, 1 skipped". */
export function resultInWords({ started, skipped }: SignalOut): string {
  const parts = [
    ...(started ? [`${started} started`] : []),
    ...(skipped ? [`${skipped} skipped`] : []),
  ];
  return parts.join(', ') || 'No match';
}
