/** Prices of one source. */
interface Sourced {
  readonly source: string;
  readonly simulated: boolean;
}

const NAMES: Readonly<Record<string, string>> = {
  sample: 'Sample',
  imported: 'Imported',
  alpaca: 'Alpaca',
  finnhub: 'Finnhub',
  coinmarketcap: 'CoinMarketCap',
  plugin: 'Added provider',
};
const SOURCES: Readonly<Record<string, string>> = {
  sample: 'Sample prices',
  imported: 'Imported prices',
  plugin: 'Prices from an added provider',
  replay: 'Replayed prices',
};

/** The name of where prices come from: `Simulated`, `Sample`, `Alpaca`. */
export function sourceName({ source, simulated }: Sourced): string {
  return simulated ? 'Simulated' : (NAMES[source] ?? source);
}

/** Where prices come from, as a chart and a quote say it: `Simulated prices`. */
export function sourceInWords(prices: Sourced): string {
  if (prices.simulated) return 'Simulated prices';
  return SOURCES[prices.source] ?? `Prices from ${sourceName(prices)}`;
}
