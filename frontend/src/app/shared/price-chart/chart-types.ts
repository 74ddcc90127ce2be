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

/** Settings of an indicator by name. */
export type StudySettings = Readonly<Record<string, unknown>>;

/** An indicator that was asked for; what its settings leave out has its default. */
export interface Study {
  readonly name: string;
  readonly settings: StudySettings;
}

/** An indicator that is installed. */
export interface StudyKind {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** JSON Schema of its settings. */
  readonly settings_schema: object;
  /** What a menu offers. */
  readonly presets: readonly StudySettings[];
  /** Ends of the scale in a pane of its own; null where the values decide. */
  readonly lowest: number | null;
  readonly highest: number | null;
  /** Drawn across a pane of its own. */
  readonly levels: readonly number[];
}

/** What was computed, by the time of the bar, one for each line; null where there is no answer. */
export interface StudyAnswer {
  readonly lines: readonly string[];
  readonly pane: 'price' | 'own';
  readonly values: ReadonlyMap<string, readonly (number | null)[]>;
}

/** An indicator as it is drawn. */
export interface StudyValues extends StudyAnswer {
  readonly study: Study;
  /** `SMA 50`. */
  readonly label: string;
  readonly scale: { readonly lowest: number; readonly highest: number } | null;
  readonly levels: readonly number[];
  /** Places of its values in a pane of its own. */
  readonly digits: number;
}
