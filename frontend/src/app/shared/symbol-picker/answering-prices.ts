import { inject, linkedSignal, resource, type Signal } from '@angular/core';
import { formatDate } from '../format/times';
import type { PriceSpan } from './price-range';
import { PRICES_AT, type SymbolPrices } from './symbol-search';

/** Which prices a run of a symbol reads. */
export interface AnsweringPrices {
  readonly symbol: string;
  /** Null where there are none of it. */
  readonly prices: SymbolPrices | null;
  /** The moment that was asked for; null for now. */
  readonly asOf: string | null;
  /** Stored prices that answer in their own years; null where these answer, or none do. */
  readonly other: PriceSpan | null;
}

/** Why nothing can run at the moment: no prices, or none yet; '' where there are some. */
export function gapInWords(answering: AnsweringPrices | null): string {
  if (!answering) return '';
  const { symbol, prices, asOf } = answering;
  if (!prices) return `No prices for ${symbol}`;
  const { first_at: first } = prices;
  const early = first && asOf && Date.parse(asOf) < Date.parse(first);
  return early ? `No prices of ${symbol} before ${formatDate(first, 'UTC')}` : '';
}

/**
 * Follows which prices answer for a symbol at a moment (ISO 8601; null for now). Null while that is
 * not known. Call it where things are injected.
 */
export function answeringPrices(
  symbol: Signal<string>,
  asOf: Signal<string | null>,
): Signal<AnsweringPrices | null> {
  const pricesAt = inject(PRICES_AT);
  const asked = resource({
    params: () => (symbol() ? { symbol: symbol(), asOf: asOf() } : undefined),
    loader: async ({ params }): Promise<AnsweringPrices> => {
      const prices = await pricesAt(params.symbol, params.asOf);
      const other = (prices?.others ?? []).find(({ last_at }) => last_at) ?? null;
      // Where its user chose which prices always answer, another moment does not lead to others.
      const there = other && (await pricesAt(params.symbol, other.last_at ?? null));
      return { ...params, prices, other: there?.source === other?.source ? other : null };
    },
  });
  // Another moment of the same symbol is no reason to say nothing meanwhile.
  return linkedSignal<
    { symbol: string; found: AnsweringPrices | null; waits: boolean },
    AnsweringPrices | null
  >({
    source: () => ({
      symbol: symbol(),
      found: asked.hasValue() ? asked.value() : null,
      waits: asked.isLoading(),
    }),
    computation: ({ symbol, found, waits }, before) =>
      found ?? (waits && before?.source.symbol === symbol ? before.value : null),
  });
}
