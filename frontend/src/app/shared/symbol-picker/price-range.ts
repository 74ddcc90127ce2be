import { formatDate } from '../format/times';
import { sourceInWords, sourceName } from '../price-chart/source-words';

/** Prices of one source, from when to when; without an end, they go on to this moment. */
export interface PriceSpan {
  readonly source: string;
  readonly simulated: boolean;
  readonly first_at?: string | null;
  readonly last_at?: string | null;
}

/** The prices of an instrument that answer, and what is stored besides. */
export interface PriceRange extends PriceSpan {
  readonly others?: readonly PriceSpan[];
}

const STORED = ['imported', 'sample'];

/** "Simulated · sample 2004 to 2013", "Imported, 2015 to 2020": what answers, and the stored years. */
export function rangeInWords({ others = [], ...range }: PriceRange): string {
  const years = isStored(range) ? yearsOf(range) : '';
  const first = [sourceName(range), years].filter(Boolean).join(', ');
  const besides = others.map((other) =>
    `${sourceName(other).toLowerCase()} ${yearsOf(other)}`.trimEnd(),
  );
  return [first, ...besides].join(' · ');
}

/**
 * "Simulated prices", "Sample prices, 2004 to 1 Mar 2013", "Your import, 2015 to 3 Nov 2020". The
 * day is that in UTC, as every market closes before its end.
 */
export function pricesInWords(prices: PriceSpan): string {
  const words = prices.source === 'imported' ? 'Your import' : sourceInWords(prices);
  if (!isStored(prices) || !prices.last_at) return words;
  const end = formatDate(prices.last_at, 'UTC');
  const first = prices.first_at ? yearOf(prices.first_at) : '';
  const begins = first !== '' && first !== yearOf(prices.last_at);
  return begins ? `${words}, ${first} to ${end}` : `${words}, ends ${end}`;
}

/** "Your prices of AAPL end on 3 Nov 2020." */
export function endInWords(symbol: string, { source, last_at }: PriceSpan): string {
  const end = formatDate(last_at, 'UTC');
  return source === 'sample'
    ? `The sample of ${symbol} ends on ${end}.`
    : `Your prices of ${symbol} end on ${end}.`;
}

/** "2004 to 2013"; empty where it is not known. */
export function yearsOf({ first_at, last_at }: PriceSpan): string {
  if (!first_at) return '';
  const [first, last] = [yearOf(first_at), last_at ? yearOf(last_at) : 'now'];
  return first === last ? first : `${first} to ${last}`;
}

/** Whether these prices are kept here: an import, or the sample. No provider goes on from them. */
export function isStored({ source, simulated }: PriceSpan): boolean {
  return !simulated && STORED.includes(source);
}

function yearOf(iso: string): string {
  return String(new Date(iso).getUTCFullYear());
}
