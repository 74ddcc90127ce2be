import { InjectionToken } from '@angular/core';
import type { PriceRange } from './price-range';

export interface SymbolOption extends PriceRange {
  readonly symbol: string;
  readonly name: string;
  readonly simulated: boolean;
}

/** Finds instruments by part of their symbol or name; best match first. */
export type SymbolSearch = (query: string) => Promise<readonly SymbolOption[]>;

export const SYMBOL_SEARCH = new InjectionToken<SymbolSearch>('symbol search');
