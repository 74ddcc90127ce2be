import { type BarOut, type ExecutionOut, getBars, type Timeframe, type TradeOut } from '@core/api';
import { unwrap } from '@core/http/unwrap';
import type { ChartBar, ChartLine, ChartMark } from '@shared/price-chart/chart-types';
import { formatQuantity } from '@shared/format/numbers';

const MINUTE_MS = 60_000;
const TIMEFRAME_MS: Readonly<Record<Timeframe, number>> = {
  '1m': MINUTE_MS,
  '2m': 2 * MINUTE_MS,
  '3m': 3 * MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '10m': 10 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': 60 * MINUTE_MS,
  '2h': 120 * MINUTE_MS,
  '4h': 240 * MINUTE_MS,
  '6h': 360 * MINUTE_MS,
  '8h': 480 * MINUTE_MS,
  '12h': 720 * MINUTE_MS,
  '1d': 1_440 * MINUTE_MS,
  '1w': 7 * 1_440 * MINUTE_MS,
  '1mo': 31 * 1_440 * MINUTE_MS,
};
const BARS_BEFORE = 250;
const BARS_AFTER = 60;
/** Markets are closed more than they are open: ask for a longer stretch of the calendar. */
const CLOSED_FACTOR: Readonly<Record<string, number>> = {
  '1d': 1.6,
  '1w': 1.1,
  '1mo': 1.1,
};
const INTRADAY_FACTOR = 5.5;

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

/** The bars that the run could see; with `later`, also those after it, marked so. */
export async function loadBars(
  symbol: string,
  timeframe: string,
  now: string,
  later: boolean,
): Promise<readonly ChartBar[]> {
  const nowMs = Date.parse(now);
  const stretch = (TIMEFRAME_MS[timeframe as Timeframe] ?? MINUTE_MS) * factorOf(timeframe);
  const read = async (start: number, end: number): Promise<readonly BarOut[]> => {
    const query = {
      symbol,
      timeframe: timeframe as Timeframe,
      start: iso(start),
      end: iso(end),
      limit: 1_000,
    };
    return (await unwrap(getBars({ query }))).items;
  };
  const known = (await read(nowMs - BARS_BEFORE * stretch, nowMs)).slice(-BARS_BEFORE);
  if (!later) return known;
  const last = known.at(-1)?.time ?? now;
  const after = await read(Date.parse(last), nowMs + BARS_AFTER * stretch);
  const unknown = after.filter((bar) => bar.time > last).slice(0, BARS_AFTER);
  return [...known, ...unknown.map((bar) => ({ ...bar, later: true }))];
}

/** Levels and fills to draw: those of the trade, else those of the plan. */
export function planOf(run: ExecutionOut): Plan {
  const { trade } = run;
  if (trade) {
    return {
      lines: lines(trade.entry_price, trade.stop_loss, trade.targets),
      marks: fillMarks(trade),
    };
  }
  const plan = section(run, 'strategy');
  const targets = [plan?.['target_1'], plan?.['target_2']];
  return { lines: lines(plan?.['entry'], plan?.['stop_loss'], targets), marks: [] };
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

function lines(entry: unknown, stop: unknown, targets: readonly unknown[]): ChartLine[] {
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

function factorOf(timeframe: string): number {
  return CLOSED_FACTOR[timeframe] ?? INTRADAY_FACTOR;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
