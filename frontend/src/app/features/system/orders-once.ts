import type { PastEvent } from '@core/api';

/** What entries of the record say that is announced as well. */
const ANNOUNCED_AS: Readonly<Record<string, string>> = {
  order_intended: 'OrderIntended',
  order_answered: 'OrderFilled',
};

/**
 * Events without the entries of the record that say of an order what another event on show says of
 * it. An answer other than "filled" says more than the fills do, and stays.
 */
export function ordersOnce(events: readonly PastEvent[]): readonly PastEvent[] {
  const said = new Set(events.map(({ type, data }) => keyOf(type, data)));
  return events.filter(({ type, data }) => {
    const other = ANNOUNCED_AS[type];
    const whole = type !== 'order_answered' || data['status'] === 'filled';
    return !other || !whole || !said.has(keyOf(other, data));
  });
}

function keyOf(type: string, { order_id }: PastEvent['data']): string {
  return `${type} ${String(order_id)}`;
}
