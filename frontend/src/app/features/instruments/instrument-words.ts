import type { DatasetKind, DatasetOut, InstrumentOut } from '@core/api';
import { dataBadgeOf } from '@core/market/data-badge';
import { datasetOf } from '@core/market/datasets';
import { formatDate } from '@shared/format/times';

export const NOT_KNOWN = 'Not known';

/** A dataset in words. */
export interface DatasetWords {
  readonly source: string;
  readonly note: string;
  readonly bars: string;
  readonly span: string;
  readonly kind: DatasetKind;
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
    kind: datasetOf(dataset.source),
    gaps: dataset.gaps === null ? null : gapWords(dataset.gaps),
  };
}

const ALWAYS: Readonly<Record<DatasetKind, string>> = {
  imported: 'Always your import',
  sample: 'Always the sample',
  provider: 'Always the provider',
};

/** What can be said of which prices answer: those that there are, and what was said already. */
export function pricesOffered({ datasets, dataset }: InstrumentOut) {
  const there = new Set([...datasets.map(({ source }) => datasetOf(source)), dataset]);
  const kinds = Object.entries(ALWAYS) as [DatasetKind, string][];
  return kinds.filter(([kind]) => there.has(kind)).map(([kind, label]) => ({ kind, label }));
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
  const until = last_at ? formatDate(last_at, 'UTC') : 'now';
  return first_at ? `${formatDate(first_at, 'UTC')} to ${until}` : `Until ${until}`;
}

function gapWords(gaps: number): string {
  if (gaps === 0) return 'None';
  return gaps === 1 ? '1 bar' : `${gaps.toLocaleString('en-US')} bars`;
}
