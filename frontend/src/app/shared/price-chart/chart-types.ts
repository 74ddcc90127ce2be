/** One bar; prices in the instrument's currency, `time` in ISO 8601, the bar's opening. */
export interface ChartBar {
  readonly time: string;
  readonly open: string | number;
  readonly high: string | number;
  readonly low: string | number;
  readonly close: string | number;
  /** It came after what a run could see: drawn pale. */
  readonly later?: boolean;
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
}
