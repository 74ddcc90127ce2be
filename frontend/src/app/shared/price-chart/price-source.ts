import { InjectionToken } from '@angular/core';
import type { ChartBar, Study, StudyAnswer, StudyKind } from './chart-types';

/** What a chart has to know of an instrument. */
export interface ChartInstrument {
  readonly symbol: string;
  readonly name: string;
  /** Finest first. */
  readonly timeframes: readonly string[];
  /** IANA name of the zone of its market's hours. */
  readonly timezone: string;
  readonly calendar: string;
}

/** The kinds of prices that a symbol may have. */
export type Dataset = 'imported' | 'sample' | 'provider';

/** Whose prices: those of `dataset`, or the ones that answer for `end` or for now. */
export interface PricesAsked {
  readonly symbol: string;
  readonly end: string | null;
  readonly dataset: Dataset | null;
}

/** Which bars: the newest `limit` that had closed by `end`, or by now. */
export interface BarsAsked extends PricesAsked {
  readonly timeframe: string;
  readonly limit: number;
}

export interface BarsFound {
  readonly bars: readonly ChartBar[];
  readonly source: string;
  readonly simulated: boolean;
  readonly dataset: Dataset;
}

/** Where charts get their prices and indicators; throws what an error state can show. */
export interface PriceSource {
  instrument(asked: PricesAsked): Promise<ChartInstrument>;
  bars(asked: BarsAsked): Promise<BarsFound>;
  /** Some bars that closed after `asked.end`, the first of them right after `last`. Without a
   * dataset they may be of others than those before. */
  later(asked: BarsAsked, last: string): Promise<readonly ChartBar[]>;
  /** Every indicator that is installed. */
  studyKinds(): Promise<readonly StudyKind[]>;
  study(asked: BarsAsked, study: Study): Promise<StudyAnswer>;
}

export const PRICE_SOURCE = new InjectionToken<PriceSource>('price source');
