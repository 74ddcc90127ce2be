import {
  formatAverage,
  formatChange,
  formatPrice,
  formatQuantity,
  formatR,
} from '@shared/format/numbers';
import { exitInWords } from '@core/trading/position-words';
import { legInWords, reasonInWords, roleOf } from '@core/trading/order-words';
import type { PositionActionOut, OrderOut, PositionOut } from '@core/api';

/** Something that happened to a position. */
export interface Happening {
  readonly at: string;
  readonly icon: string;
  readonly text: string;
  readonly tone: 'plain' | 'good' | 'bad' | 'warn';
}

/** What happened to a position, the oldest first. */
export function happenings(
  position: PositionOut,
  orders: readonly OrderOut[],
): readonly Happening[] {
  const found = [
    ...orders.flatMap((order) => ofOrder(position, order)),
    ...stopMoves(position, orders),
    ...position.actions.map((one) => ofAction(position, one)),
    ...ending(position),
  ];
  return found.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
}

function ofOrder(position: PositionOut, order: OrderOut): Happening[] {
  const role = roleOf(order);
  const found: Happening[] = [];
  if (role === 'entry') found.push(placed(order));
  let filled = 0;
  for (const fill of order.fills) {
    filled += Number(fill.quantity);
    const rest = Number(order.quantity) - filled;
    found.push({
      at: fill.time,
      icon: role === 'entry' ? 'login' : exitIcon(role),
      text: fillInWords(position, order, role, fill, rest),
      tone: role === 'entry' ? 'plain' : gained(position, fill.price),
    });
  }
  if (order.status === 'rejected') {
    const why = reasonInWords(order.reason);
    const text = `${legInWords(order) ?? 'Order'} refused${why ? `: ${why}` : ''}`;
    found.push({ at: order.created_at, icon: 'block', text, tone: 'bad' });
  }
  return found;
}

function placed(order: OrderOut): Happening {
  const verb = order.side === 'buy' ? 'buy' : 'sell';
  const price = order.limit_price ?? order.stop_price;
  const at = price ? `at ${formatPrice(price)}` : 'at the market';
  return {
    at: order.created_at,
    icon: 'edit_note',
    text: `Order to ${verb} ${formatQuantity(order.quantity)} ${at}`,
    tone: 'plain',
  };
}

function fillInWords(
  { side, average_price: average }: PositionOut,
  order: OrderOut,
  role: string,
  fill: { readonly quantity: string; readonly price: string },
  rest: number,
): string {
  const verb = order.side === 'buy' ? 'bought' : 'sold';
  const done = `${verb} ${formatQuantity(fill.quantity)} at ${formatPrice(fill.price)}`;
  const more = rest > 0 ? `, ${formatQuantity(rest)} to go` : '';
  if (role === 'entry') return `Entry: ${done}${more}`;
  const way = side === 'buy' ? 1 : -1;
  const gain = average
    ? `, ${formatChange((Number(fill.price) - Number(average)) * way * Number(fill.quantity))}`
    : '';
  return `${legInWords(order) ?? 'Order'}: ${done}${gain}${more}`;
}

/** Where the stop was first, and each price it was moved to. */
function stopMoves(position: PositionOut, orders: readonly OrderOut[]): Happening[] {
  const stops = orders
    .filter((order) => roleOf(order) === 'stop' && order.status !== 'rejected')
    .map(({ created_at: at, stop_price: price }) => ({ at, price: Number(price) }))
    .sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  const found: Happening[] = [];
  let before: number | null = null;
  for (const { at, price } of stops.length ? stops : watched(position, orders)) {
    if (price === before) continue;
    found.push({ at, icon: 'shield', text: stopInWords(position, before, price), tone: 'plain' });
    before = price;
  }
  return found;
}

/** The levels of a stop that the monitor watches: no order says when it was moved. */
function watched({ opened_at, stop }: PositionOut, orders: readonly OrderOut[]) {
  const entry = orders.find((order) => roleOf(order) === 'entry');
  if (!opened_at || !entry?.stop_loss) return [];
  const trimmed = orders
    .filter(({ leg }) => leg === 'target_1' || roleOf({ leg }) === 'trim')
    .flatMap(({ fills }) => fills.map(({ time }) => time))
    .sort()
    .at(-1);
  const first = { at: opened_at, price: Number(entry.stop_loss) };
  return trimmed && stop ? [first, { at: trimmed, price: Number(stop) }] : [first];
}

function stopInWords({ average_price, side }: PositionOut, before: number | null, now: number) {
  if (before === null) return `Stop at ${formatAverage(now)}`;
  const average = Number(average_price ?? NaN);
  const safe =
    side === 'buy' ? before < average && now >= average : before > average && now <= average;
  return `Stop moved to ${safe ? 'break-even, ' : ''}${formatAverage(now)}`;
}

function ofAction({ currency }: PositionOut, action: PositionActionOut): Happening {
  const { after, at, before, cash, kind, note, outcome, says } = action;
  const name = kind === 'split' ? `Split ${says}` : `Dividend ${says} a share`;
  if (outcome === 'not_applied') {
    return { at, icon: 'warning', text: `${name} not applied: ${note}`, tone: 'warn' };
  }
  const held = kind === 'split' && Number(before) > 0;
  const parts = [
    held ? `${formatQuantity(before)} became ${formatQuantity(after)}` : '',
    cash === null ? '' : formatChange(cash, currency),
    note,
  ].filter(Boolean);
  const text = parts.length ? `${name}: ${parts.join(', ')}` : name;
  return { at, icon: kind === 'split' ? 'call_split' : 'payments', text, tone: 'plain' };
}

function ending(position: PositionOut): Happening[] {
  const { closed_at: at, currency, exit_reason: reason, r, realised_pnl: profit } = position;
  if (!at) return [];
  const result = `${formatChange(profit, currency)}${r === null ? '' : `, ${formatR(r)}`}`;
  const tone = Number(profit) > 0 ? 'good' : Number(profit) < 0 ? 'bad' : 'plain';
  return [{ at, icon: 'flag', text: `Closed: ${exitInWords(reason)}, ${result}`, tone }];
}

function gained({ average_price: average, side }: PositionOut, price: string): Happening['tone'] {
  const gain = (Number(price) - Number(average ?? price)) * (side === 'buy' ? 1 : -1);
  return gain > 0 ? 'good' : gain < 0 ? 'bad' : 'plain';
}

function exitIcon(role: string): string {
  return role === 'stop' ? 'gpp_maybe' : role === 'close' ? 'logout' : 'my_location';
}
