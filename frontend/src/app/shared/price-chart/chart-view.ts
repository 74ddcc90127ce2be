import {
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  LineSeries,
  LineStyle,
  type MouseEventParams,
  type SeriesMarker,
  TickMarkType,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import type { ChartBar, ChartLine, ChartMark, StudyValues } from './chart-types';
import { barTime, type ChartClock, isIntraday, tickLabel } from './chart-times';
import { type Palette, studyColour } from './palette';
import { linePoints, studyKey } from './studies';

/** How many bars are in view at first. */
const VISIBLE_BARS = 120;
/** On a narrow chart fewer, so that candles do not become lines. */
const BAR_PX = 6;
/** Empty bars at the right, so that names of levels do not cover the last candles. */
const ROOM_RIGHT = 6;
const ROOM_FOR_NAMES = 18;
/** Older bars are asked for when so few are left at the left. */
const NEAR_THE_START = 30;
const OWN_PANE_SHARE = 0.28;
const STEP = 1.25;
/** Shares of the height that the legend takes: of a line of it, and of all at most. */
const LEGEND_LINE = 0.07;
const MOST_FOR_LEGEND = 0.28;
const HOLE = 'transparent';

export interface ChartContent {
  /** Changes when another chart is shown: its newest bars are brought into view. */
  readonly key: string;
  readonly bars: readonly ChartBar[];
  readonly studies: readonly StudyValues[];
  readonly lines: readonly ChartLine[];
  readonly marks: ReadonlyMap<number, readonly ChartMark[]>;
  readonly clock: ChartClock;
  readonly digits: number;
}

export interface ChartEvents {
  /** The pointer is over this bar, or over none. */
  pointed(index: number | null): void;
  /** The oldest bars come into view. */
  nearStart(): void;
}

interface Range {
  minValue: number;
  maxValue: number;
}

/** A drawn chart in `host`; the one place that knows the library. */
export class ChartView {
  private readonly chart: IChartApi;
  private readonly candles: ISeriesApi<'Candlestick'>;
  private readonly volume: ISeriesApi<'Histogram'>;
  private readonly markers: ISeriesMarkersPluginApi<Time>;
  private studies: ISeriesApi<'Line'>[] = [];
  private drawnStudies = '';
  private content: ChartContent | null = null;

  constructor(
    private readonly host: HTMLElement,
    private readonly palette: Palette,
    private readonly events: ChartEvents,
  ) {
    this.chart = createChart(host, chartOptions(palette));
    plainAttribution(host);
    this.candles = this.chart.addSeries(CandlestickSeries, {
      upColor: palette.up,
      downColor: palette.down,
      wickUpColor: palette.up,
      wickDownColor: palette.down,
      borderVisible: false,
      priceLineVisible: false,
      lastValueVisible: true,
      autoscaleInfoProvider: (original: () => { priceRange: Range | null } | null) =>
        withLines(original(), this.content?.lines ?? []),
    });
    this.volume = this.chart.addSeries(HistogramSeries, {
      priceScaleId: '',
      priceFormat: { type: 'volume' },
      priceLineVisible: false,
      lastValueVisible: false,
    });
    this.volume.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.markers = createSeriesMarkers(this.candles, []);
    this.chart.subscribeCrosshairMove((move) => this.point(move));
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range && this.content && range.from < NEAR_THE_START) this.events.nearStart();
    });
  }

  /** Draws the content; what was in view stays there unless another chart is shown. */
  show(content: ChartContent): void {
    const { bars, clock, digits } = content;
    const before = this.content;
    this.content = content;
    this.chart.applyOptions({
      localization: { timeFormatter: (time: Time) => barTime(iso(time), clock) },
      timeScale: {
        timeVisible: isIntraday(clock.timeframe),
        rightOffset: roomRight(content),
        tickMarkFormatter: (time: Time, mark: TickMarkType) =>
          tickLabel(iso(time), clock, unitOf(mark)),
      },
    });
    const priceFormat = { type: 'price' as const, precision: digits, minMove: 10 ** -digits };
    this.candles.applyOptions({ priceFormat });
    const top = Math.min(MOST_FOR_LEGEND, LEGEND_LINE * (1 + content.studies.length));
    this.candles.priceScale().applyOptions({ scaleMargins: { top, bottom: 0.2 } });
    this.candles.setData(bars.map((bar) => this.candle(bar)));
    this.volume.setData(bars.map((bar) => this.volumeOf(bar)));
    this.drawStudies(content, priceFormat);
    if (before?.lines !== content.lines) this.drawLines(content.lines);
    this.markers.setMarkers(markersOf(content, this.palette));
    if (before?.key !== content.key) this.showEnd(content);
  }

  /** Puts the crosshair on a bar and that bar into view, as a keyboard does. */
  pointAt(index: number | null): void {
    const bar = index === null ? undefined : this.content?.bars[index];
    if (!bar || index === null) {
      this.chart.clearCrosshairPosition();
      return;
    }
    const scale = this.chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (range && (index < range.from + 1 || index > range.to - 1)) {
      const half = (range.to - range.from) / 2;
      scale.setVisibleLogicalRange({ from: index - half, to: index + half });
    }
    this.chart.setCrosshairPosition(Number(bar.close), seconds(bar.time), this.candles);
  }

  /** Shows fewer bars (`inwards`) or more of them around the middle of the view. */
  zoom(inwards: boolean): void {
    const scale = this.chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (!range) return;
    const width = (range.to - range.from) * (inwards ? 1 / STEP : STEP);
    scale.setVisibleLogicalRange({ from: range.to - width, to: range.to });
  }

  destroy(): void {
    this.chart.remove();
  }

  private point({ logical, point, sourceEvent }: MouseEventParams): void {
    if (point && !sourceEvent) return; // put there by `pointAt`
    const count = this.content?.bars.length ?? 0;
    const inside = logical !== undefined && point !== undefined && logical >= 0 && logical < count;
    this.events.pointed(inside ? Math.round(logical) : null);
  }

  private candle(bar: ChartBar) {
    const { open, high, low, close, later } = bar;
    const { palette } = this;
    const colour = rises(bar) ? palette.paleUp : palette.paleDown;
    return {
      time: seconds(bar.time),
      open: Number(open),
      high: Number(high),
      low: Number(low),
      close: Number(close),
      ...(later ? { color: colour, wickColor: colour } : {}),
    };
  }

  private volumeOf(bar: ChartBar) {
    const { volumeUp, volumeDown } = this.palette;
    const value = Number(bar.volume);
    const time = seconds(bar.time);
    return value > 0 ? { time, value, color: rises(bar) ? volumeUp : volumeDown } : { time };
  }

  /** Lines are made anew only when others are chosen: a pane that comes and goes would flicker. */
  private drawStudies(
    { studies, bars }: ChartContent,
    priceFormat: { type: 'price'; precision: number; minMove: number },
  ): void {
    const drawn = studies.map(({ study }) => studyKey(study)).join();
    if (drawn !== this.drawnStudies) this.replaceStudies(studies);
    this.drawnStudies = drawn;
    const times = bars.map(({ time }) => time);
    let at = 0;
    studies.forEach((study, place) => {
      const color = studyColour(this.palette, place);
      study.lines.forEach((_, line) => {
        const series = this.studies[at++];
        if (study.pane === 'price') series?.applyOptions({ priceFormat });
        series?.setData(
          linePoints(study, line, times).map(({ index, value, hole }) => ({
            time: seconds(times[index] ?? ''),
            value,
            color: hole ? HOLE : color,
          })),
        );
      });
    });
  }

  private replaceStudies(studies: readonly StudyValues[]): void {
    for (const series of this.studies) this.chart.removeSeries(series);
    for (let pane = this.chart.panes().length - 1; pane > 0; pane--) this.chart.removePane(pane);
    let pane = 0;
    this.studies = studies.flatMap((study, place) => {
      const own = study.pane === 'own';
      if (own) pane += 1;
      return study.lines.map((_, line) => {
        const options = {
          color: studyColour(this.palette, place),
          lineWidth: line === 1 && study.lines.length === 3 ? (1 as const) : (2 as const),
          priceLineVisible: false,
          lastValueVisible: own,
          crosshairMarkerVisible: false,
          title: own ? study.label : '',
        };
        const series = this.chart.addSeries(LineSeries, options, own ? pane : 0);
        if (own && line === 0) this.drawLevels(series, study);
        if (own) fixScale(series, study);
        return series;
      });
    });
    const panes = this.chart.panes();
    panes.forEach((one, index) => one.setStretchFactor(index ? OWN_PANE_SHARE : 1));
  }

  private drawLevels(series: ISeriesApi<'Line'>, { levels }: StudyValues): void {
    for (const price of levels) {
      series.createPriceLine({
        price,
        color: this.palette.text,
        lineWidth: 1,
        lineStyle: LineStyle.Dotted,
        axisLabelVisible: false,
      });
    }
  }

  private drawLines(lines: readonly ChartLine[]): void {
    for (const drawn of this.candles.priceLines()) this.candles.removePriceLine(drawn);
    for (const line of lines) {
      this.candles.createPriceLine({
        price: line.price,
        title: line.label,
        color: this.palette[line.kind],
        lineWidth: 1,
        lineStyle: line.kind === 'entry' ? LineStyle.Solid : LineStyle.Dashed,
        axisLabelVisible: true,
      });
    }
  }

  /** Puts the last known bar, and some of what came before and after, in view. */
  private showEnd(content: ChartContent): void {
    const { bars } = content;
    const known = bars.filter((bar) => !bar.later).length;
    const fit = Math.min(VISIBLE_BARS, Math.max(30, Math.floor(this.host.clientWidth / BAR_PX)));
    const after = Math.min(bars.length - known, fit / 2);
    const to = known + after + roomRight(content);
    this.chart.timeScale().setVisibleLogicalRange({ from: Math.max(0, known - fit), to });
  }
}

/** The axis of a pane of its own: as many places as its values need, and its ends where it has any. */
function fixScale(series: ISeriesApi<'Line'>, { digits, scale }: StudyValues): void {
  series.applyOptions({
    priceFormat: { type: 'price', precision: digits, minMove: 10 ** -digits },
    ...(scale
      ? {
          autoscaleInfoProvider: () => ({
            priceRange: { minValue: scale.lowest, maxValue: scale.highest },
          }),
        }
      : {}),
  });
}

function roomRight({ lines }: ChartContent): number {
  return lines.length ? ROOM_FOR_NAMES : ROOM_RIGHT;
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

/** The library's link to its makers would name this installation and what is shown. */
function plainAttribution(host: HTMLElement): void {
  for (const link of host.querySelectorAll<HTMLAnchorElement>('a[href*="utm_source"]')) {
    link.href = 'https://www.tradingview.com/';
    link.rel = 'noopener noreferrer';
  }
}

/** How a chart looks and is moved, whatever is in it. */
export function chartOptions(palette: Palette) {
  return {
    autoSize: true,
    layout: {
      background: { color: 'transparent' },
      textColor: palette.text,
      fontFamily: "'Roboto Variable', sans-serif",
      fontSize: 12,
      attributionLogo: true,
      panes: { separatorColor: palette.grid, enableResize: true },
    },
    grid: { vertLines: { visible: false }, horzLines: { color: palette.grid } },
    // A price at the very top or bottom is left out rather than cut in half.
    rightPriceScale: { borderVisible: false, entireTextOnly: true },
    timeScale: { borderColor: palette.grid, secondsVisible: false, minBarSpacing: 1 },
    // The page scrolls with the wheel; the chart does with it and Ctrl held, see the component.
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
    handleScale: { mouseWheel: false },
  };
}

function markersOf({ marks, bars }: ChartContent, palette: Palette): SeriesMarker<Time>[] {
  return [...marks]
    .sort(([one], [other]) => one - other)
    .flatMap(([index, found]) => {
      const time = seconds(bars[index]?.time ?? '');
      return found.map(({ side, label, quiet }) => ({
        time,
        position: side === 'sell' ? ('aboveBar' as const) : ('belowBar' as const),
        shape: side === 'neither' ? ('circle' as const) : SHAPES[side],
        color: palette.entry,
        ...(quiet ? {} : { text: label }),
      }));
    });
}

const SHAPES = { buy: 'arrowUp', sell: 'arrowDown' } as const;

function rises({ open, close }: ChartBar): boolean {
  return Number(close) >= Number(open);
}

function unitOf(mark: TickMarkType): 'year' | 'month' | 'day' | 'time' {
  switch (mark) {
    case TickMarkType.Year:
      return 'year';
    case TickMarkType.Month:
      return 'month';
    case TickMarkType.DayOfMonth:
      return 'day';
    default:
      return 'time';
  }
}

function seconds(time: string): UTCTimestamp {
  return (Date.parse(time) / 1000) as UTCTimestamp;
}

function iso(time: Time): string {
  return new Date(Number(time) * 1000).toISOString();
}
