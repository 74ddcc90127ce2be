import type { ExecutionOut, TradeOut } from '@core/api';
import type { ChartLine, ChartMark, Study } from '@shared/price-chart/chart-types';
import { formatQuantity } from '@shared/format/numbers';

export interface Plan {
  readonly lines: readonly ChartLine[];
  readonly marks: readonly ChartMark[];
}

/** The timeframe that the plan was made on, else the first that was loaded. */
export function timeframeOf(run: ExecutionOut): string {
  const strategy = section(run, 'strategy');
  const planned = strategy?.['timeframe'];
  if (typeof planned === 'string') return planned;
  const frames = section(run, 'market_data')?.['frames'];
  return Object.keys((frames as object | undefined) ?? {})[0] ?? '1d';
}

/** Levels and fills to draw: those of the trade, else those of the plan. */
export function planOf(run: ExecutionOut): Plan {
  const { trade } = run;
  if (trade) {
    return {
      lines: chartLines(trade.entry_price, trade.stop_loss, trade.targets),
      marks: fillMarks(trade),
    };
  }
  const plan = section(run, 'strategy');
  const targets = [plan?.['target_1'], plan?.['target_2']];
  return { lines: chartLines(plan?.['entry'], plan?.['stop_loss'], targets), marks: [] };
}

const STUDIED = /^(sma|ema|rsi)_(\d+)$/;

/** The indicators that the strategy went by, as far as a chart can draw them. */
export function studiesOf(run: ExecutionOut): readonly Study[] {
  const figures = (section(run, 'strategy')?.['indicators'] as object | undefined) ?? {};
  return Object.keys(figures).flatMap((figure) => {
    const [, name, period] = STUDIED.exec(figure) ?? [];
    return name ? [{ name, settings: { period: Number(period) } }] : [];
  });
}

/** One mark for all fills of one moment. */
function fillMarks({ action, fills }: TradeOut): ChartMark[] {
  const quantities = new Map<string, number>();
  for (const { time, quantity } of fills) {
    quantities.set(time, (quantities.get(time) ?? 0) + Number(quantity));
  }
  const word = action === 'buy' ? 'Bought' : 'Sold';
  return [...quantities].map(([time, quantity]) => ({
    time,
    side: action,
    label: `${word} ${formatQuantity(quantity)}`,
  }));
}

/** The last output of the run that has this section. */
function section(run: ExecutionOut, name: string): Record<string, unknown> | undefined {
  const node = run.nodes.findLast((item) => item.output?.[name]);
  return node?.output?.[name] as Record<string, unknown> | undefined;
}

/** The levels of a plan to draw, those that are known. */
export function chartLines(
  entry: unknown,
  stop: unknown,
  targets: readonly unknown[],
): ChartLine[] {
  const many = targets.length > 1;
  return [
    { label: 'Entry', price: price(entry), kind: 'entry' as const },
    { label: 'Stop', price: price(stop), kind: 'stop' as const },
    ...targets.map((target, i) => ({
      label: many ? `Target ${i + 1}` : 'Target',
      price: price(target),
      kind: 'target' as const,
    })),
  ].filter((line) => line.price > 0);
}

function price(value: unknown): number {
  return value === null || value === undefined ? 0 : Number(value);
}
