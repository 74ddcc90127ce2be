import type { SymbolOut } from '@core/api';
import { formatDate } from '@shared/format/times';
import { barDay } from '@shared/price-chart/chart-times';
import { sourceInWords } from '@shared/price-chart/source-words';

export interface Fact {
  readonly label: string;
  readonly value: string;
}

/**
 * What is known of an instrument and of its prices, as it is shown; `marketName` is what its market is
 * called. Days are those on which the market trades, as in the chart.
 */
export function factsOf(instrument: SymbolOut, marketName: string): Fact[] {
  const { currency, timeframes, first_at, last_at, timezone, calendar } = instrument;
  const clock = { timezone, calendar };
  // Prices that go on begin on a day, not with a bar. A close at midnight ends the day before.
  const first = last_at && first_at ? barDay(first_at, clock) : formatDate(first_at, 'UTC');
  const last = last_at && new Date(Date.parse(last_at) - 1).toISOString();
  return [
    { label: 'Prices', value: sourceInWords(instrument) },
    { label: 'Market', value: marketName },
    { label: 'Currency', value: currency },
    { label: 'Timeframes', value: timeframes.join(', ') },
    { label: 'First bar', value: first },
    { label: 'Last bar', value: last ? barDay(last, clock) : 'Now' },
  ];
}
