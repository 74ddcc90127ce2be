/** Where prices come from, as the badge in the top bar says it. */
export interface DataBadge {
  readonly label: string;
  readonly note: string;
}

interface PriceSource {
  readonly source: string;
  readonly simulated: boolean;
}

const SOURCES: Readonly<Record<string, DataBadge>> = {
  sample: {
    label: 'Sample history',
    note: 'Real prices of the past that come with Kuber.',
  },
  imported: { label: 'Your import', note: 'Prices from a file that you imported.' },
  alpaca: { label: 'Alpaca', note: 'Prices from Alpaca.' },
  finnhub: { label: 'Finnhub', note: 'Prices from Finnhub.' },
  plugin: { label: 'Added provider', note: 'Prices from a provider that was added to Kuber.' },
  coinmarketcap: {
    label: 'CoinMarketCap',
    note: 'Prices from CoinMarketCap: averages over exchanges.',
  },
};
const SIMULATED: DataBadge = {
  label: 'Simulated data',
  note: 'Prices made up by the market simulator. No market ever traded at them.',
};

/** The badge of a price source; an unknown source goes by its own name. */
export function dataBadgeOf(prices: PriceSource | null | undefined): DataBadge | null {
  if (!prices) return null;
  if (prices.simulated) return SIMULATED;
  return SOURCES[prices.source] ?? { label: prices.source, note: 'Where the prices come from.' };
}
