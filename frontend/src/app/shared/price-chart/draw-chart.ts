import {
  type CandlestickData,
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  type IChartApi,
  LineStyle,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import type { ChartBar, ChartInput, ChartLine, ChartMark } from './chart-types';
import type { Palette } from './palette';

/** How many bars are in view at first. */
const VISIBLE_BARS = 120;
/** Empty bars at the right, so that names of levels do not cover the last candles. */
const ROOM_RIGHT = 18;
const DAY_MS = 24 * 60 * 60 * 1_000;

export interface DrawnChart {
  destroy(): void;
}

/** Draws candles, levels and fills into `host`; the caller destroys it before drawing anew. */
export function drawChart(host: HTMLElement, input: ChartInput, palette: Palette): DrawnChart {
  const chart = createChart(host, chartOptions(palette, input.bars));
  plainAttribution(host);
  const series = chart.addSeries(CandlestickSeries, {
    upColor: palette.up,
    downColor: palette.down,
    wickUpColor: palette.up,
    wickDownColor: palette.down,
    borderVisible: false,
    priceLineVisible: false,
    lastValueVisible: false,
    priceFormat: priceFormat(input.bars),
    autoscaleInfoProvider: (original: () => { priceRange: Range | null } | null) =>
      withLines(original(), input.lines),
  });
  series.setData(input.bars.map((bar) => candle(bar, palette)));
  for (const line of input.lines) {
    series.createPriceLine({
      price: line.price,
      title: line.label,
      color: palette[line.kind],
      lineWidth: 1,
      lineStyle: line.kind === 'entry' ? LineStyle.Solid : LineStyle.Dashed,
      axisLabelVisible: true,
    });
  }
  createSeriesMarkers(series, marks(input.marks, input.bars, palette));
  showEnd(chart, input);
  return { destroy: () => chart.remove() };
}

interface Range {
  minValue: number;
  maxValue: number;
}

/** Levels outside the visible prices widen the scale, so that none is hidden. */
function withLines(info: { priceRange: Range | null } | null, lines: readonly ChartLine[]) {
  if (!info?.priceRange) return info;
  const prices = lines.map((line) => line.price);
  return {
    ...info,
    priceRange: {
      minValue: Math.min(info.priceRange.minValue, ...prices),
      maxValue: Math.max(info.priceRange.maxValue, ...prices),
    },
  };
}

/** The library's link to its makers would name this installation and the run that is shown. */
function plainAttribution(host: HTMLElement): void {
  for (const link of host.querySelectorAll<HTMLAnchorElement>('a[href*="utm_source"]')) {
    link.href = 'https://www.tradingview.com/';
    link.rel = 'noopener noreferrer';
  }
}

function chartOptions(palette: Palette, bars: readonly ChartBar[]) {
  return {
    autoSize: true,
    layout: {
      background: { color: 'transparent' },
      textColor: palette.text,
      fontFamily: "'Roboto Variable', sans-serif",
      fontSize: 12,
      attributionLogo: true,
    },
    grid: { vertLines: { visible: false }, horzLines: { color: palette.grid } },
    rightPriceScale: { borderVisible: false },
    timeScale: {
      borderColor: palette.grid,
      rightOffset: ROOM_RIGHT,
      timeVisible: withinDays(bars),
      secondsVisible: false,
    },
    handleScale: { mouseWheel: false },
  };
}

/** Bars shorter than a day are told apart by the hour; of longer ones only the date matters. */
export function withinDays(bars: readonly ChartBar[]): boolean {
  const times = bars.map((bar) => Date.parse(bar.time));
  return times.some((time, index) => time - (times[index - 1] ?? -Infinity) < DAY_MS / 2);
}

function candle(bar: ChartBar, palette: Palette): CandlestickData<Time> {
  const { open, close, later } = bar;
  const colour = Number(close) >= Number(open) ? palette.paleUp : palette.paleDown;
  return {
    time: seconds(bar.time),
    open: Number(open),
    high: Number(bar.high),
    low: Number(bar.low),
    close: Number(close),
    ...(later ? { color: colour, wickColor: colour } : {}),
  };
}

function marks(
  items: readonly ChartMark[],
  bars: readonly ChartBar[],
  palette: Palette,
): SeriesMarker<Time>[] {
  return items.map((mark) => ({
    time: seconds(barAt(bars, mark.time)),
    position: mark.side === 'buy' ? 'belowBar' : 'aboveBar',
    shape: mark.side === 'buy' ? 'arrowUp' : 'arrowDown',
    color: palette.entry,
    text: mark.label,
  }));
}

/** Opening time of the bar that `time` falls into. */
function barAt(bars: readonly ChartBar[], time: string): string {
  const at = Date.parse(time);
  return bars.findLast((bar) => Date.parse(bar.time) <= at)?.time ?? bars[0]?.time ?? time;
}

/** Puts the last known bar, and some of what came before and after, in view. */
function showEnd(chart: IChartApi, { bars }: ChartInput): void {
  const known = bars.filter((bar) => !bar.later).length;
  const after = Math.min(bars.length - known, VISIBLE_BARS / 2);
  const to = known + after + ROOM_RIGHT;
  chart.timeScale().setVisibleLogicalRange({ from: Math.max(0, known - VISIBLE_BARS), to });
}

function priceFormat(bars: readonly ChartBar[]) {
  const last = Number(bars.at(-1)?.close ?? 0);
  return last < 20
    ? { type: 'price' as const, precision: 4, minMove: 0.0001 }
    : { type: 'price' as const, precision: 2, minMove: 0.01 };
}

function seconds(iso: string): UTCTimestamp {
  return (Date.parse(iso) / 1000) as UTCTimestamp;
}
