import { getSymbol, listSymbols, type SymbolOut } from '@core/api';
import { ProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';

const LIMIT = 20;

/** Instruments whose symbol or name contains `query`, at most 20. */
export async function searchSymbols(query: string): Promise<readonly SymbolOut[]> {
  const page = await unwrap(listSymbols({ query: { query, limit: LIMIT } }));
  return page.items;
}

/** An instrument with the prices that answer for a moment (ISO 8601), or for now. */
export function pricesAt(symbol: string, asOf: string | null): Promise<SymbolOut> {
  return unwrap(getSymbol({ path: { symbol }, query: { as_of: asOf } }));
}

/** The same; null of a symbol without any prices. */
export async function pricesRead(symbol: string, asOf: string | null): Promise<SymbolOut | null> {
  try {
    return await pricesAt(symbol, asOf);
  } catch (error) {
    if (error instanceof ProblemError && error.status === 404) return null;
    throw error;
  }
}
