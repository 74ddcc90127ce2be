import type { TradeOut } from '@core/api';

/** How an estimated entry is reckoned, for whoever buys or sells. */
export function estimateInWords(side: 'buy' | 'sell'): string {
  return `estimated: last price ${side === 'buy' ? 'plus' : 'less'} slippage`;
}

/** The same of a trade; null when nothing was filled of it, or an exchange did. */
export function estimateOf(
  trade: Pick<TradeOut, 'action' | 'estimated' | 'fills'> | null | undefined,
): string | null {
  return trade?.estimated && trade.fills.length ? estimateInWords(trade.action) : null;
}
