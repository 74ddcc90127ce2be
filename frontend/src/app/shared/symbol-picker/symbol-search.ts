import { InjectionToken } from '@angular/core';

export interface SymbolOption {
  readonly symbol: string;
  readonly name: string;
  /** Where its prices come from: imported, sample, simulated or a provider's name. */
  readonly source: string;
  readonly simulated: boolean;
}

/** Finds instruments by part of their symbol or name; best match first. */
export type SymbolSearch = (query: string) => Promise<readonly SymbolOption[]>;

export const SYMBOL_SEARCH = new InjectionToken<SymbolSearch>('symbol search');
