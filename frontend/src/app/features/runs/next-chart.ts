import type { NextTradeOut } from '@core/api';
import type { ChartLine, ChartMark } from '@shared/price-chart/chart-types';
import { formatPrice, formatQuantity } from '@shared/format/numbers';
import { chartLines, type Plan } from './run-plan';

const LEGS: Readonly<Record<string, string>> = {
  stop: 'Stop',
  target_1: 'Target 1',
  target_2: 'Target 2',
  close: 'Closed',
};

/** The exit of a leg in words: `Target 1`. */
export function legInWords(leg: string): string {
  return LEGS[leg] ?? leg;
}

/** Entry, stop, targets and each exit, on the basis that a chart of the last bar shows. */
export function planOfNext(trade: NextTradeOut): Plan {
  const { entry, stop_loss, targets } = trade.chart;
  const lines: readonly ChartLine[] = chartLines(entry, stop_loss, targets);
  return { lines, marks: [entryMark(trade), ...exitMarks(trade)] };
}

function entryMark({ side, quantity, entry_at: time, estimated }: NextTradeOut): ChartMark {
  const words = `${side === 'buy' ? 'Bought' : 'Sold'} ${formatQuantity(quantity)}`;
  return { time, side, label: estimated ? `${words}, estimated` : words };
}

/** One mark for all fills of a leg at one time and price. */
function exitMarks({ side, fills }: NextTradeOut): ChartMark[] {
  const exits = new Map<string, { time: string; words: string; quantity: number }>();
  for (const { at, leg, quantity, chart_price: price } of fills) {
    const key = `${at} ${leg} ${price}`;
    const before = exits.get(key)?.quantity ?? 0;
    const words = `${legInWords(leg)} at ${formatPrice(price)}`;
    exits.set(key, { time: at, words, quantity: before + Number(quantity) });
  }
  return [...exits.values()].map(({ time, words, quantity }) => ({
    time,
    side: side === 'buy' ? 'sell' : 'buy',
    label: `${words}, ${formatQuantity(quantity)}`,
  }));
}
