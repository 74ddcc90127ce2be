import { Service } from '@angular/core';
import { listSymbols, type SymbolOut } from '@core/api';
import { unwrap } from '@core/http/unwrap';

const PAGE = 200;
/** More than that are not looked up one by one. */
const MOST_SINGLE = 20;

/** Knows on whose prices nothing can run any more as of now. */
@Service()
export class PriceEnds {
  /** Those of the tickers whose prices have ended, in their order. Unknown tickers are left out. */
  async ended(tickers: readonly string[]): Promise<readonly SymbolOut[]> {
    const known = new Map((await this.list('', PAGE)).map((one) => [one.symbol, one]));
    const missing = tickers.filter((ticker) => !known.has(ticker)).slice(0, MOST_SINGLE);
    for (const found of await Promise.all(missing.map((ticker) => this.list(ticker, 1))))
      for (const one of found) known.set(one.symbol, one);
    return tickers.flatMap((ticker) => known.get(ticker) ?? []).filter((one) => one.ended);
  }

  private async list(query: string, limit: number): Promise<readonly SymbolOut[]> {
    return (await unwrap(listSymbols({ query: { query, limit } }))).items;
  }
}
