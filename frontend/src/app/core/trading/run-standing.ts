import { computed, DestroyRef, inject, resource, type Signal } from '@angular/core';
import { getPosition, listOrders, type OrderOut, type PositionDetail } from '@core/api';
import { unwrap } from '@core/http/unwrap';
import { formatAverage, formatChange, formatQuantity } from '@shared/format/numbers';
import { Accounts } from './accounts';
import { isOpen, reasonInWords, roleOf, whyOf } from './order-words';
import { exitInWords } from './position-words';

/** How the trade of a run of the present stands. */
export interface RunStanding {
  readonly text: string;
  readonly icon: string;
  /** Null before its order was admitted, and when it was refused. */
  readonly positionId: string | null;
}

interface RunOf {
  readonly id: string;
}

/** The entry is the oldest order of a run. */
const LOOKED_AT = 100;

/**
 * How the trade of a run stands, as it changes; null for a run without one, and for runs of the
 * past, which trade in an account of their own. Call it where things are injected.
 */
export function runStanding(run: Signal<RunOf | null>): Signal<RunStanding | null> {
  const found = resource({
    params: () => run() ?? undefined,
    loader: ({ params }) => orderOf(params),
    equal: (one, other) => JSON.stringify(one) === JSON.stringify(other),
  });
  const stop = inject(Accounts).hear((news) => {
    const known = found.hasValue() ? found.value() : null;
    const about =
      news.type === 'order_updated'
        ? news.data.execution_id === run()?.id
        : 'data' in news && news.data.id === known?.position?.id;
    if (news.type === 'look_again' || about) found.reload();
  });
  inject(DestroyRef).onDestroy(stop);
  return computed(() => {
    const known = found.hasValue() ? found.value() : null;
    return known && standingOf(known.order, known.position);
  });
}

/** In words: `Order sent, waits for the market: NYSE opens Mon 14:30 UTC.` */
export function standingOf(order: OrderOut, position: PositionDetail | null): RunStanding {
  const positionId = position?.id ?? null;
  if (!position || (position.status === 'closed' && !position.opened_at))
    return { ...ofOrder(order, position), positionId: null };
  const held = `${formatQuantity(position.quantity)} ${position.symbol}`;
  const at = `${held} at ${formatAverage(position.average_price)}`;
  if (Number(position.entered_quantity) === 0) return { ...pending(position.waits), positionId };
  switch (position.status) {
    case 'closed': {
      const result = formatChange(position.realised_pnl, position.currency);
      const text = `Position closed: ${exitInWords(position.exit_reason)}, ${result}`;
      return { text, icon: 'flag', positionId };
    }
    case 'closing':
      return { text: `Position closing: ${at}`, icon: 'logout', positionId };
    case 'opening':
      return { text: `Position open, filled in part: ${at}`, icon: 'monitoring', positionId };
    default:
      return { text: `Position open: ${at}`, icon: 'monitoring', positionId };
  }
}

function pending(waits: readonly string[]): Pick<RunStanding, 'text' | 'icon'> {
  const [why] = waits;
  if (!why) return { text: 'Order working, nothing is filled yet', icon: 'pending' };
  return { text: `Order sent, waits for the market: ${why}`, icon: 'hourglass_top' };
}

function ofOrder(
  order: OrderOut,
  position: PositionDetail | null,
): Pick<RunStanding, 'text' | 'icon'> {
  if (isOpen(order)) {
    const why = whyOf(order);
    return why ? pending([why]) : { text: 'Order sent, not taken yet', icon: 'outbound' };
  }
  const why = reasonInWords(order.reason) ?? (position && exitInWords(position.exit_reason));
  return { text: `No position: ${why ?? 'the order ended unfilled'}`, icon: 'block' };
}

async function orderOf({ id }: RunOf) {
  const { items } = await unwrap(listOrders({ query: { execution_id: id, limit: LOOKED_AT } }));
  const order = items.findLast((one) => roleOf(one) === 'entry' && !one.estimated);
  if (!order) return null;
  const position_id = order.position_id;
  const position = position_id ? await unwrap(getPosition({ path: { position_id } })) : null;
  return { order, position };
}
