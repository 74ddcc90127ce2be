import { numberOf } from '@core/trading/decimals';
import type { OrderTicket, OrderType, Side } from '@core/api';

/** What stands in the fields of an order ticket. */
export interface TicketDraft {
  readonly accountId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  /** Whether a quantity or an amount of money is given. */
  readonly sizing: 'quantity' | 'amount';
  readonly size: string;
  readonly limit: string;
  readonly stop: string;
  /** Empty: what is usual there, the day, and for coins until cancelled. */
  readonly inForce: '' | 'day' | 'gtc' | 'ioc' | 'fok';
  readonly stopLoss: string;
  readonly target1: string;
  readonly target2: string;
}

export type TicketField = keyof TicketDraft;

/** Prices that an order may meet. */
export interface TicketQuote {
  readonly price: string;
  readonly bid: string | null;
  readonly ask: string | null;
}

/** What an order would cost and risk, in the account's currency; null: not known yet. */
export interface Estimate {
  readonly price: number | null;
  readonly quantity: number | null;
  readonly cost: number | null;
  readonly risk: number | null;
  /** Of the account's equity, a fraction. */
  readonly riskShare: number | null;
  /** How far each target is, in risks. */
  readonly targets: readonly number[];
}

export const TYPES: readonly { readonly value: OrderType; readonly label: string }[] = [
  { value: 'market', label: 'Market' },
  { value: 'limit', label: 'Limit' },
  { value: 'stop', label: 'Stop' },
  { value: 'stop_limit', label: 'Stop limit' },
];

/** Fields by the name that the API has for them. */
const API_FIELDS: Readonly<Record<string, TicketField>> = {
  account_id: 'accountId',
  symbol: 'symbol',
  side: 'side',
  type: 'type',
  quantity: 'size',
  notional: 'size',
  limit_price: 'limit',
  stop_price: 'stop',
  time_in_force: 'inForce',
  stop_loss: 'stopLoss',
  take_profit: 'target1',
};

export function hasLimit({ type }: Pick<TicketDraft, 'type'>): boolean {
  return type === 'limit' || type === 'stop_limit';
}

export function hasStop({ type }: Pick<TicketDraft, 'type'>): boolean {
  return type === 'stop' || type === 'stop_limit';
}

/** The price at which an order would be filled, as far as is known. */
export function entryPrice(draft: TicketDraft, quote: TicketQuote | null): number | null {
  if (hasLimit(draft)) return positive(draft.limit);
  if (hasStop(draft)) return positive(draft.stop);
  if (!quote) return null;
  return numberOf((draft.side === 'buy' ? quote.ask : quote.bid) ?? quote.price);
}

/** What the order would cost and risk. `equity`: of the account. */
export function estimateOf(
  draft: TicketDraft,
  quote: TicketQuote | null,
  equity: string | null,
): Estimate {
  const price = entryPrice(draft, quote);
  const quantity = quantityOf(draft, price);
  const stop = positive(draft.stopLoss);
  const distance = price !== null && stop !== null ? Math.abs(price - stop) : null;
  const risk = distance !== null && quantity !== null ? distance * quantity : null;
  const worth = numberOf(equity);
  return {
    price,
    quantity,
    cost: price !== null && quantity !== null ? price * quantity : null,
    risk,
    riskShare: risk !== null && worth ? risk / worth : null,
    targets: distance && price !== null ? inRisks(draft, price, distance) : [],
  };
}

/**
 * What is wrong with the fields, by field; empty when it can be reviewed. `closes`: it closes a
 * position, and needs no plan of exits.
 */
export function faultsOf(
  draft: TicketDraft,
  quote: TicketQuote | null,
  closes = false,
): Readonly<Partial<Record<TicketField, string>>> {
  const faults: Partial<Record<TicketField, string>> = {};
  if (!draft.symbol) faults.symbol = 'Choose a symbol.';
  if (positive(draft.size) === null) faults.size = 'Enter a number above 0.';
  if (hasLimit(draft) && positive(draft.limit) === null)
    faults.limit = 'Enter the worst price it may have.';
  if (hasStop(draft) && positive(draft.stop) === null)
    faults.stop = 'Enter the price that wakes it.';
  if (closes) return faults;
  if (positive(draft.stopLoss) === null)
    faults.stopLoss = 'Enter where the position is closed with a loss.';
  return { ...faults, ...misplaced(draft, entryPrice(draft, quote)) };
}

/** The order as the API takes it. `id`: sent again with it, the order is not placed twice. */
export function orderOf(draft: TicketDraft, id: string): OrderTicket {
  const targets = [draft.target1, draft.target2].map(clean).filter(Boolean);
  const size = clean(draft.size);
  return {
    account_id: draft.accountId,
    symbol: draft.symbol,
    side: draft.side,
    type: draft.type,
    ...(draft.sizing === 'quantity' ? { quantity: size } : { notional: size }),
    ...(hasLimit(draft) ? { limit_price: clean(draft.limit) } : {}),
    ...(hasStop(draft) ? { stop_price: clean(draft.stop) } : {}),
    ...(draft.inForce ? { time_in_force: draft.inForce } : {}),
    client_order_id: id,
    ...(clean(draft.stopLoss) ? { stop_loss: clean(draft.stopLoss) } : {}),
    ...(targets.length ? { take_profit: targets } : {}),
  };
}

/** What the server refused, by the field that it named; the rest is for the ticket as a whole. */
export function refusedFields(
  errors: readonly {
    readonly field?: string | null;
    readonly message: string;
    readonly remedy?: string | null;
  }[],
): Readonly<Partial<Record<TicketField, string>>> {
  const found: Partial<Record<TicketField, string>> = {};
  for (const { field, message, remedy } of errors) {
    const name = field && API_FIELDS[field.split('.')[0] ?? ''];
    if (name) found[name] ??= [message, remedy].filter(Boolean).join(' ');
  }
  return found;
}

function quantityOf({ size, sizing }: TicketDraft, price: number | null): number | null {
  const number = positive(size);
  if (number === null || sizing === 'quantity') return number;
  return price ? number / price : null;
}

function inRisks(draft: TicketDraft, price: number, distance: number): number[] {
  const way = draft.side === 'buy' ? 1 : -1;
  return [draft.target1, draft.target2]
    .map(positive)
    .filter((target) => target !== null)
    .map((target) => ((target - price) * way) / distance);
}

/** Levels on the wrong side of the entry, or in the wrong order. */
function misplaced(
  draft: TicketDraft,
  price: number | null,
): Readonly<Partial<Record<TicketField, string>>> {
  const way = draft.side === 'buy' ? 1 : -1;
  const [stop, first, second] = [draft.stopLoss, draft.target1, draft.target2].map(positive);
  const faults: Partial<Record<TicketField, string>> = {};
  const [below, above] = draft.side === 'buy' ? ['below', 'above'] : ['above', 'below'];
  if (price === null) return faults;
  if (stop && (price - stop) * way <= 0) faults.stopLoss = `It has to be ${below} the entry.`;
  if (draft.target1.trim() && !(first && (first - price) * way > 0))
    faults.target1 = `It has to be ${above} the entry.`;
  if (draft.target2.trim() && !(second && first && (second - first) * way > 0))
    faults.target2 = `It has to be ${above} target 1.`;
  return faults;
}

function positive(text: string | undefined): number | null {
  const number = numberOf(clean(text ?? ''));
  return number !== null && number > 0 ? number : null;
}

/** Without thousands separators and spaces, as people type them. */
function clean(text: string): string {
  return text.replaceAll(/[\s,]/g, '');
}
