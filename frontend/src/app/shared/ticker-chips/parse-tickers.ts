const BETWEEN = /[\s,;|]+/;
const QUOTES = /^["']|["']$/g;
/** What can be a symbol at all; whether it is one, and how it is spelt, the server says. */
const TICKER = /^[A-Z0-9^/][A-Z0-9.\-/:^=_!&]{0,47}$/;

export interface ParsedTickers {
  /** In capitals, each once, in the order in which they came. */
  readonly tickers: readonly string[];
  /** What cannot be a ticker, as it was written. */
  readonly refused: readonly string[];
}

/** Reads tickers out of text as people paste it: one a line, with commas, out of a spreadsheet. */
export function parseTickers(text: string): ParsedTickers {
  const tickers = new Set<string>();
  const refused = new Set<string>();
  for (const part of text.split(BETWEEN)) {
    const word = part.replaceAll(QUOTES, '').replace(/^\$/, '');
    if (!word) continue;
    const ticker = word.toUpperCase();
    if (TICKER.test(ticker)) tickers.add(ticker);
    else refused.add(part);
  }
  return { tickers: [...tickers], refused: [...refused] };
}

/** `chosen` with `added` behind it, each ticker once. */
export function withTickers(chosen: readonly string[], added: readonly string[]): string[] {
  return [...new Set([...chosen, ...added])];
}
