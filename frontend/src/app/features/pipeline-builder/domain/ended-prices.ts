/** What prices that have ended mean for a pipeline that starts by itself. */

import { formatDate } from '@shared/format/times';
import { count, listInWords } from './words';

interface Ended {
  readonly symbol: string;
  /** `imported`, or `sample` where its user chose it. */
  readonly source: string;
  readonly last_at: string | null;
}

const NAMED = 3;

/** A warning in words; empty when there is nothing to warn of. */
export function endedPricesInWords(ended: readonly Ended[]): string {
  const dates = ended.flatMap(({ last_at }) => last_at ?? []).sort();
  const newest = dates.at(-1);
  if (!newest) return '';
  const named = ended.slice(0, NAMED).map(({ symbol }) => symbol);
  const rest = ended.length - named.length;
  const who = listInWords(rest ? [...named, `${count(rest, 'more symbol')}`] : named);
  const when = dates[0]?.slice(0, 10) === newest.slice(0, 10) ? 'on' : 'at the latest on';
  const chosen = ended.some(({ source }) => source === 'sample');
  const remedy = chosen
    ? 'newer bars are imported or other prices are chosen on the page Instruments'
    : 'newer bars are imported';
  const fact = `Your prices of ${who} end ${when} ${formatDate(newest, 'UTC')}.`;
  const starts = ended.length === 1 ? 'Every start' : 'Every start on them';
  return `${fact} ${starts} will fail with ‘prices end’ until ${remedy}.`;
}
