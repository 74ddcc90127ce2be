import { formatPrice, formatQuantity } from '@shared/format/numbers';
import type { OrderOut } from '@core/api';
import { readable } from './position-words';

type Stated = Pick<OrderOut, 'status' | 'filled_quantity' | 'estimated'>;
export type OrderTone = 'waiting' | 'running' | 'done' | 'failed' | 'paused';

interface Look {
  readonly label: string;
  readonly icon: string;
  readonly tone: OrderTone;
}

const LOOKS: Readonly<Record<OrderOut['status'], Look>> = {
  intended: { label: 'No answer yet', icon: 'hourglass_top', tone: 'waiting' },
  submitted: { label: 'Sent', icon: 'outbound', tone: 'running' },
  working: { label: 'Working', icon: 'pending', tone: 'running' },
  partially_filled: { label: 'Filled in part', icon: 'clock_loader_40', tone: 'running' },
  filled: { label: 'Filled', icon: 'check_circle', tone: 'done' },
  cancelled: { label: 'Cancelled', icon: 'cancel', tone: 'waiting' },
  rejected: { label: 'Refused', icon: 'block', tone: 'failed' },
  expired: { label: 'Expired', icon: 'event_busy', tone: 'waiting' },
  validated: { label: 'Not sent: validation only', icon: 'fact_check', tone: 'waiting' },
};
const TYPES: Readonly<Record<OrderOut['type'], string>> = {
  market: 'Market',
  limit: 'Limit',
  stop: 'Stop',
  stop_limit: 'Stop limit',
  trailing_stop: 'Trailing stop',
};
const IN_FORCE: Readonly<Record<string, string>> = {
  day: 'Day',
  gtc: 'Until cancelled',
  ioc: 'At once or cancel',
  fok: 'All at once or cancel',
  opg: 'Opening auction',
  cls: 'Closing auction',
};
const LEGS: Readonly<Record<string, string>> = {
  entry: 'Entry',
  stop: 'Stop',
  target: 'Target',
  trim: 'Target 1',
  reduce: 'Close of a part',
  close: 'Close',
};
const OPEN: ReadonlySet<OrderOut['status']> = new Set([
  'intended',
  'submitted',
  'working',
  'partially_filled',
]);

/** How an order stands; one that ended with a part filled says so. */
export function lookOf({ estimated, filled_quantity, status }: Stated): Look {
  const look = LOOKS[status];
  if (estimated && status === 'filled') return { ...look, label: 'Filled, estimated' };
  const partly = Number(filled_quantity) > 0 && (status === 'cancelled' || status === 'expired');
  return partly
    ? { ...look, label: `Filled in part, rest ${look.label.toLowerCase()}`, tone: 'done' }
    : look;
}

/** Whether an order may still be filled. */
export function isOpen({ status }: Pick<OrderOut, 'status'>): boolean {
  return OPEN.has(status);
}

export function typeInWords({ type }: Pick<OrderOut, 'type'>): string {
  return TYPES[type] ?? readable(type);
}

export function inForceInWords(inForce: string): string {
  return IN_FORCE[inForce] ?? readable(inForce);
}

/** What an order is for, of the name of its leg: `entry`, `stop`, `target`, `trim`, `reduce` or `close`. */
export function roleOf({ leg }: Pick<OrderOut, 'leg'>): string {
  return /^[a-z]+/.exec(leg)?.[0] ?? leg;
}

/** Which part of a plan an order is; null where that says nothing. */
export function legInWords(order: Pick<OrderOut, 'leg'>): string | null {
  const word = LEGS[roleOf(order)];
  if (!word) return order.leg ? readable(order.leg) : null;
  const [number] = /(?<=^target_)\d+$/.exec(order.leg) ?? [];
  return number ? `${word} ${number}` : word;
}

/** `Buy 42`. */
export function intentInWords({ side, quantity }: Pick<OrderOut, 'side' | 'quantity'>): string {
  return `${side === 'buy' ? 'Buy' : 'Sell'} ${formatQuantity(quantity)}`;
}

/** `Limit 150.50`, `Stop 148.00, limit 147.50`, `Market`. */
export function termsInWords(order: Pick<OrderOut, 'type' | 'limit_price' | 'stop_price'>): string {
  const { limit_price: limit, stop_price: stop } = order;
  const prices = [stop && `stop ${formatPrice(stop)}`, limit && `limit ${formatPrice(limit)}`];
  const words = prices.filter(Boolean).join(', ');
  if (!words) return typeInWords(order);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Why an order waits, or how it ended: in words, or null where its state says all. */
export function whyOf(order: Pick<OrderOut, 'status' | 'waits' | 'reason'>): string | null {
  return (isOpen(order) && order.waits) || reasonInWords(order.reason);
}

/** A reason as it is stored, `code: text` or a code, as a sentence. */
export function reasonInWords(reason: string): string | null {
  if (!reason) return null;
  const [, , text] = /^([a-z][a-z0-9_]*): (.+)$/s.exec(reason) ?? [];
  if (text) return text;
  return /^[a-z][a-z0-9_]*$/.test(reason) ? readable(reason) : reason;
}
