const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2})?|[0-9a-f:]*:[0-9a-f:.]*(?:\/\d{1,3})?)$/i;

/** Where TradingView says that its alerts come from. */
export const TRADINGVIEW_NETWORKS: readonly string[] = [
  '52.89.214.238/32',
  '34.212.75.30/32',
  '54.218.53.128/32',
  '52.32.178.7/32',
];

export interface Networks {
  readonly networks: readonly string[];
  /** What is no address and no network, as it was written. */
  readonly refused: readonly string[];
}

/** Reads addresses and networks out of a text, one a line or with commas. */
export function parseNetworks(text: string): Networks {
  const words = [...new Set(text.split(/[\s,;]+/).filter(Boolean))];
  return {
    networks: words.filter((word) => ADDRESS.test(word)),
    refused: words.filter((word) => !ADDRESS.test(word)),
  };
}
