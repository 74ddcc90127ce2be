import { InjectionToken } from '@angular/core';
import type { PriceRange } from './price-range';

export interface SymbolOption extends PriceRange {
  readonly symbol: string;
  readonly name: string;
}

/** Finds instruments by part of their symbol or name; best match first. */
export type SymbolSearch = (query: string) => Promise<readonly SymbolOption[]>;

export const SYMBOL_SEARCH = new InjectionToken<SymbolSearch>('symbol search');

/** The prices of a symbol that answer for a moment. */
export interface SymbolPrices extends PriceRange {
  readonly symbol: string;
  /** Whether they end before that moment, so that nothing can run on them. */
  readonly ended: boolean;
}

/**
 * Finds the prices of a symbol that answer for a moment (ISO 8601), or for now; null where there are
 * none of it.
 */
export type PricesAt = (symbol: string, asOf: string | null) => Promise<SymbolPrices | null>;

export const PRICES_AT = new InjectionToken<PricesAt>('prices at a moment');
