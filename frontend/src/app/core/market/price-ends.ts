import { Service } from '@angular/core';
import { listSymbols, type SymbolOut } from '@core/api';
import { unwrap } from '@core/http/unwrap';
import { isOld } from '@shared/symbol-picker/price-range';

const PAGE = 200;
/** More than that are not looked up one by one. */
const MOST_SINGLE = 20;

/** Knows whose prices have stopped. */
@Service()
export class PriceAges {
  /** Those of the tickers whose newest price is old, in their order. Unknown tickers are left out. */
  async old(tickers: readonly string[]): Promise<readonly SymbolOut[]> {
    const known = new Map((await this.list('', PAGE)).map((one) => [one.symbol, one]));
    const missing = tickers.filter((ticker) => !known.has(ticker)).slice(0, MOST_SINGLE);
    for (const found of await Promise.all(missing.map((ticker) => this.list(ticker, 1))))
      for (const one of found) known.set(one.symbol, one);
    return tickers.flatMap((ticker) => known.get(ticker) ?? []).filter((one) => isOld(one));
  }

  private async list(query: string, limit: number): Promise<readonly SymbolOut[]> {
    return (await unwrap(listSymbols({ query: { query, limit } }))).items;
  }
}
