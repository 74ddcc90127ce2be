import { InjectionToken } from '@angular/core';
import type { ChartBar, Study, StudyValues } from './chart-types';

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

/** Which bars: the newest `limit` that had closed by `end`, or by now. */
export interface BarsAsked {
  readonly symbol: string;
  readonly timeframe: string;
  readonly end: string | null;
  readonly limit: number;
}

export interface BarsFound {
  readonly bars: readonly ChartBar[];
  readonly source: string;
  readonly simulated: boolean;
}

/** Where charts get their prices and indicators; throws what an error state can show. */
export interface PriceSource {
  instrument(symbol: string): Promise<ChartInstrument>;
  bars(asked: BarsAsked): Promise<BarsFound>;
  /** Some bars that closed after `asked.end`, the first of them right after `last`. */
  later(asked: BarsAsked, last: string): Promise<readonly ChartBar[]>;
  study(asked: BarsAsked, study: Study): Promise<StudyValues>;
}

export const PRICE_SOURCE = new InjectionToken<PriceSource>('price source');
