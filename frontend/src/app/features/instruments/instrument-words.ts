import type { DatasetOut, InstrumentOut } from '@core/api';
import { dataBadgeOf } from '@core/market/data-badge';
import { formatDate } from '@shared/format/times';

export const NOT_KNOWN = 'Not known';

/** A dataset in words. */
export interface DatasetWords {
  readonly source: string;
  readonly note: string;
  readonly bars: string;
  readonly span: string;
  /** How many bars are missing; null when nobody counted. */
  readonly gaps: string | null;
}

/** Whether the instrument can be sold short. */
export function shortWords(shortable: boolean | null): string {
  if (shortable === null) return NOT_KNOWN;
  return shortable ? 'Yes' : 'No';
}

/** Where prices come from, from when to when, and what is missing. */
export function datasetWords(dataset: DatasetOut): DatasetWords {
  const badge = dataBadgeOf(dataset);
  return {
    source: badge?.label ?? dataset.source,
    note: badge?.note ?? '',
    bars: barsWords(dataset),
    span: spanWords(dataset),
    gaps: dataset.gaps === null ? null : gapWords(dataset.gaps),
  };
}

/** Whether the user decided anything of it. */
export function isChanged({ decided_by }: InstrumentOut): boolean {
  return Object.values(decided_by).includes('user');
}

function barsWords({ timeframes, last_at }: DatasetOut): string {
  const endless = last_at === null && timeframes.length > 3;
  return endless ? 'All timeframes' : timeframes.join(', ');
}

function spanWords({ first_at, last_at }: DatasetOut): string {
  const until = last_at ? formatDate(last_at) : 'now';
  return first_at ? `${formatDate(first_at)} to ${until}` : `Until ${until}`;
}

function gapWords(gaps: number): string {
  if (gaps === 0) return 'None';
  return gaps === 1 ? '1 bar' : `${gaps.toLocaleString('en-US')} bars`;
}
