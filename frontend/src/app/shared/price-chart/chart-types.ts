/** One bar; prices in the instrument's currency, `time` in ISO 8601, the bar's opening. */
export interface ChartBar {
  readonly time: string;
  readonly open: string | number;
  readonly high: string | number;
  readonly low: string | number;
  readonly close: string | number;
}

/** A level drawn across the chart, with its name. */
export interface ChartLine {
  readonly label: string;
  readonly price: number;
  readonly kind: 'entry' | 'stop' | 'target';
}

/** Something that happened at a time: a fill. */
export interface ChartMark {
  readonly time: string;
  readonly label: string;
  readonly side: 'buy' | 'sell';
}

export interface ChartInput {
  readonly bars: readonly ChartBar[];
  readonly lines: readonly ChartLine[];
  readonly marks: readonly ChartMark[];
  /** What a run knew ends here; later bars are drawn pale. ISO 8601, or null for no cut. */
  readonly now: string | null;
}
