import type { LimitOut } from '@core/api';
import { formatCount } from '@shared/format/numbers';

/** One limit as the page shows it. */
export interface LimitView {
  readonly name: string;
  readonly title: string;
  readonly sentence: string;
  /** "12 of 500 pipelines". */
  readonly words: string;
  /** How full, from 0 to 100. */
  readonly percent: number;
  readonly level: 'plenty' | 'near' | 'full';
}

const TITLES: Readonly<Record<string, string>> = {
  pipelines: 'Pipelines',
  versions_per_pipeline: 'Versions of one pipeline',
  stored_bytes: 'Storage',
  sockets: 'Live connections',
  queued_runs: 'Waiting runs',
  running_runs: 'Running runs',
  requests_per_minute: 'Requests this minute',
  requests_at_once: 'Requests at a time',
  imported_symbols: 'Imported symbols',
  api_keys: 'API keys',
  quoted_symbols: 'Symbols you quote',
  accounts: 'Simulation accounts',
  imports_at_work: 'Imports at work',
};
const NEAR = 0.8;
const MEGABYTE = 1e6;

export function limitView(limit: LimitOut): LimitView {
  const share = limit.limit > 0 ? limit.used / limit.limit : 1;
  return {
    name: limit.name,
    title: TITLES[limit.name] ?? limit.name,
    sentence: limit.sentence,
    words: wordsOf(limit),
    percent: Math.min(100, Math.round(share * 100)),
    level: share >= 1 ? 'full' : share >= NEAR ? 'near' : 'plenty',
  };
}

function wordsOf({ used, limit, unit }: LimitOut): string {
  if (unit !== 'bytes') return `${formatCount(used)} of ${formatCount(limit)} ${unit}`;
  return `${megabytes(used)} of ${megabytes(limit)} MB`;
}

function megabytes(bytes: number): string {
  return formatCount(Math.ceil(bytes / MEGABYTE));
}
