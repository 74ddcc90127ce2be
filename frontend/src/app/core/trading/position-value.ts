import type { PositionOut } from '@core/api';
import { numberOf, sumOf } from './decimals';

/** What a position is worth at a price; null: not known. Amounts in the account's currency. */
export interface Value {
  readonly price: number | null;
  /** Profit of what is held, without what was realised. */
  readonly profit: number | null;
  /** Profit with what was realised, in risks of the plan. */
  readonly r: number | null;
}

type Valued = Pick<
  PositionOut,
  | 'side'
  | 'quantity'
  | 'average_price'
  | 'last_price'
  | 'realised_pnl'
  | 'unrealised_pnl'
  | 'r'
  | 'status'
>;

/** What a position is worth at a newer price than the server's; null for the server's. */
export function valueOf(position: Valued, newer: string | null): Value {
  const price = numberOf(newer ?? position.last_price);
  if (position.average_price === null) return { price, profit: null, r: null };
  const known = numberOf(position.unrealised_pnl);
  const r = numberOf(position.r);
  if (newer === null || newer === position.last_price || position.status === 'closed')
    return { price, profit: known, r };
  const profit = profitAt(position, price);
  return { price, profit, r: scaled(position, profit, known, r) };
}

/** What closing a position at its last price brings or, of a short, costs; null: not known. */
export function proceedsOf(
  { side, quantity, last_price }: Pick<PositionOut, 'side' | 'quantity' | 'last_price'>,
  newer: string | null = null,
): number | null {
  const [price, held] = [numberOf(newer ?? last_price), numberOf(quantity)];
  if (price === null || held === null) return null;
  return side === 'buy' ? price * held : -price * held;
}

/** What closing several brings, and how many have no price. */
export function proceedsOfAll(
  positions: readonly Pick<PositionOut, 'side' | 'quantity' | 'last_price'>[],
): { readonly amount: number; readonly unknown: number } {
  const each = positions.map((position) => proceedsOf(position));
  return { amount: sumOf(each), unknown: each.filter((one) => one === null).length };
}

function profitAt({ side, quantity, average_price }: Valued, price: number | null) {
  const [held, average] = [numberOf(quantity), numberOf(average_price)];
  if (price === null || held === null || average === null) return null;
  return (side === 'buy' ? price - average : average - price) * held;
}

/** R at the new profit: the risk is what the server's profit and R come to. */
function scaled(
  { realised_pnl }: Valued,
  profit: number | null,
  known: number | null,
  r: number | null,
): number | null {
  const realised = numberOf(realised_pnl) ?? 0;
  const before = (known ?? 0) + realised;
  if (profit === null || known === null || r === null || r === 0 || before === 0) return r;
  return (r * (profit + realised)) / before;
}
