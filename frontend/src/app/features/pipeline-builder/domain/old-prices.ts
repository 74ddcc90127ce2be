/** What old prices mean for a pipeline that starts by itself. */

import { formatDate } from '@shared/format/times';
import { count, listInWords } from './words';

interface Aged {
  readonly symbol: string;
  readonly last_at: string | null;
}

const NAMED = 3;

/** A warning in words; empty when there is nothing to warn of. */
export function oldPricesInWords(old: readonly Aged[], by: 'schedule' | 'signal'): string {
  const dates = old.flatMap(({ last_at }) => last_at ?? []).sort();
  const newest = dates.at(-1);
  if (!newest) return '';
  const named = old.slice(0, NAMED).map(({ symbol }) => symbol);
  const rest = old.length - named.length;
  const who = listInWords(rest ? [...named, `${count(rest, 'more symbol')}`] : named);
  const when = dates[0]?.slice(0, 10) === newest.slice(0, 10) ? 'is of' : 'is of at most';
  const fact = `The newest price of ${who} ${when} ${formatDate(newest, 'UTC')}.`;
  const effect =
    by === 'schedule'
      ? 'Every scheduled run sees the same prices and gives the same answer'
      : 'A signal of today starts a run on those prices';
  return `${fact} ${effect}, until newer ones are imported.`;
}
