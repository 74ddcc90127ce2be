const SOURCES: Readonly<Record<string, string>> = {
  sample: 'Sample prices',
  imported: 'Imported prices',
  alpaca: 'Prices from Alpaca',
  replay: 'Replayed prices',
};

/** Where prices come from, as a chart and a quote say it: `Simulated prices`. */
export function sourceInWords(prices: {
  readonly source: string;
  readonly simulated: boolean;
}): string {
  if (prices.simulated) return 'Simulated prices';
  return SOURCES[prices.source] ?? `Prices from ${prices.source}`;
}
