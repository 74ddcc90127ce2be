import type { Decimal } from '../format/numbers';

/** One bar; prices in the instrument's currency, `time` in ISO 8601, the bar's opening. */
export interface ChartBar {
  readonly time: string;
  readonly open: Decimal;
  readonly high: Decimal;
  readonly low: Decimal;
  readonly close: Decimal;
  readonly volume: Decimal;
  /** It came after what a run could see: drawn pale. */
  readonly later?: boolean;
}

/** A level drawn across the chart, with its name. */
export interface ChartLine {
  readonly label: string;
  readonly price: number;
  readonly kind: 'entry' | 'stop' | 'target';
}

/** Something that happened at a time: an order that was filled, a signal. */
export interface ChartMark {
  readonly time: string;
  readonly label: string;
  readonly side: 'buy' | 'sell' | 'neither';
  /** Its label is in the legend of its bar alone, where many would cover each other. */
  readonly quiet?: boolean;
}

/** An indicator that was asked for. */
export interface Study {
  readonly name: 'sma' | 'ema' | 'bollinger' | 'rsi';
  /** In bars. */
  readonly period: number;
}

/** Its values by the time of their bar, one for each line; null where the formula has no answer. */
export interface StudyValues {
  readonly study: Study;
  readonly lines: readonly string[];
  readonly pane: 'price' | 'own';
  readonly values: ReadonlyMap<string, readonly (number | null)[]>;
}
