import type { ChartLine, ChartMark } from '@shared/price-chart/chart-types';
import { formatQuantity } from '@shared/format/numbers';
import type { OrderOut, PositionOut } from '@core/api';

/** Entry, stop and the ladder of targets. */
export function linesOf(position: PositionOut): readonly ChartLine[] {
  const { average_price: entry, status, stop, targets } = position;
  const over = status === 'closed';
  return [
    ...(entry ? [{ label: 'Entry', price: Number(entry), kind: 'entry' as const }] : []),
    ...(stop && !over ? [{ label: 'Stop', price: Number(stop), kind: 'stop' as const }] : []),
    ...targets.map(({ price, status: state }, index) => ({
      label: `Target ${index + 1}${state === 'filled' ? ' ✓' : ''}`,
      price: Number(price),
      kind: 'target' as const,
    })),
  ];
}

/** Each fill at its time. */
export function marksOf(orders: readonly OrderOut[]): readonly ChartMark[] {
  return orders
    .flatMap(({ fills, side }) =>
      fills.map(({ quantity, time }) => ({
        time,
        side,
        label: `${side === 'buy' ? 'Bought' : 'Sold'} ${formatQuantity(quantity)}`,
      })),
    )
    .sort((one, other) => Date.parse(one.time) - Date.parse(other.time));
}
