import {
  type BarOut,
  getBars,
  getIndicatorSeries,
  listIndicatorKinds,
  type Timeframe,
} from '@core/api';
import { unwrap } from '@core/http/unwrap';
import type { BarsAsked, PriceSource } from '@shared/price-chart/price-source';
import { datasetOf, spanOf } from './datasets';
import { pricesAt } from './search-symbols';

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
/** So many bars are shown of what came later. */
const BARS_LATER = 60;
/** Markets are closed more than they are open: ask for a longer stretch of the calendar. */
const CLOSED_FACTOR: Readonly<Record<string, number>> = { '1d': 1.6, '1w': 1.1, '1mo': 1.1 };
const INTRADAY_FACTOR = 5.5;
const MOST = 1_000;

/** The prices and indicators of the API, for charts. */
export const apiPrices: PriceSource = {
  async instrument({ symbol, end, dataset }) {
    const found = await pricesAt(symbol, end);
    const span = dataset && (await spanOf(found, dataset));
    return { ...found, timeframes: span ? span.timeframes : found.timeframes };
  },

  async bars(asked) {
    const found = await unwrap(getBars({ query: queryOf(asked) }));
    const { items: bars, source, simulated } = found;
    return { bars, source, simulated, dataset: datasetOf(source) };
  },

  async later(asked, last) {
    const { symbol, timeframe, end, dataset } = asked;
    const factor = CLOSED_FACTOR[timeframe] ?? INTRADAY_FACTOR;
    const stretch = BARS_LATER * TIMEFRAME_MS[timeframe as Timeframe] * factor;
    const query = {
      symbol,
      timeframe: timeframe as Timeframe,
      dataset,
      start: last,
      end: new Date(Date.parse(end ?? last) + stretch).toISOString(),
      limit: MOST,
    };
    const { items } = await unwrap(getBars({ query }));
    return items.filter((bar: BarOut) => bar.time > last).slice(0, BARS_LATER);
  },

  async studyKinds() {
    return (await unwrap(listIndicatorKinds())).items;
  },

  async study(asked, study) {
    const settings = JSON.stringify(study.settings);
    const query = { ...queryOf(asked), name: study.name, settings };
    const found = await unwrap(getIndicatorSeries({ query }));
    return {
      lines: found.lines,
      pane: found.pane,
      values: new Map(found.items.map(({ time, values }) => [time, values])),
    };
  },
};

function queryOf({ symbol, timeframe, dataset, end, limit }: BarsAsked) {
  return {
    symbol,
    timeframe: timeframe as Timeframe,
    limit,
    ...(dataset ? { dataset } : {}),
    ...(end ? { end } : {}),
  };
}
