import { proceedsOf } from '@core/trading/position-value';
import type { PositionOut } from '@core/api';
import type { Confirmation } from '@shared/confirm-dialog';
import { formatAmount, formatPrice, formatQuantity } from '@shared/format/numbers';
import { MODE_LABELS, type TradingMode } from '@shared/mode';

/** What closing a position does, before it is done. */
export function confirmationOf(
  position: PositionOut,
  price: string | null,
  quantity = position.quantity,
): Confirmation {
  const { account_name: account, mode, side, symbol, status } = position;
  const where = `${MODE_LABELS[mode as TradingMode]} account ${account}`;
  const held = Number(quantity) > 0;
  const rest = Number(position.quantity) - Number(quantity);
  const part = rest > 0;
  const title = held ? `Close ${formatQuantity(quantity)} ${symbol}?` : `Take back ${symbol}?`;
  if (!held) {
    const text = `${where}: nothing is held yet, and the entry is cancelled.`;
    return { title, text, action: 'Cancel the entry', ...typedWhere(mode, symbol) };
  }
  const verb = side === 'buy' ? 'Sells' : 'Buys back';
  const parts = [
    `${where}. ${verb} ${formatQuantity(quantity)} ${symbol} at the market, ${valueInWords({ ...position, quantity }, price)}.`,
    status === 'opening' ? 'What is not filled yet of its entry is cancelled.' : '',
    part
      ? `Stop and targets go on for the other ${formatQuantity(rest)}.`
      : 'Its stop and targets are cancelled.',
  ];
  const text = parts.filter(Boolean).join(' ');
  const action = part ? 'Close this part' : 'Close position';
  return { title, text, action, ...typedWhere(mode, symbol) };
}

function valueInWords(position: PositionOut, price: string | null): string {
  const last = price ?? position.last_price;
  const proceeds = proceedsOf(position, price);
  if (proceeds === null) return 'at a price that is not known now';
  const amount = formatAmount(Math.abs(proceeds), position.currency);
  const way = proceeds < 0 ? 'which costs about' : 'which brings about';
  return `${way} ${amount} at the last price of ${formatPrice(last)}`;
}

/** Real money: the symbol has to be typed. */
function typedWhere(mode: string, symbol: string): Partial<Confirmation> {
  return mode === 'live' ? { typedName: symbol } : {};
}
