import type { SymbolOut } from '@core/api';
import { formatDate } from '@shared/format/times';
import { sourceInWords } from '@shared/price-chart/source-words';

export interface Fact {
  readonly label: string;
  readonly value: string;
}

/**
 * What is known of an instrument and of its prices, as it is shown; `marketName` is what its market is
 * called. Days are those in UTC, as wherever prices are told.
 */
export function factsOf(instrument: SymbolOut, marketName: string): Fact[] {
  const { currency, timeframes, first_at, last_at } = instrument;
  return [
    { label: 'Prices', value: sourceInWords(instrument) },
    { label: 'Market', value: marketName },
    { label: 'Currency', value: currency },
    { label: 'Timeframes', value: timeframes.join(', ') },
    { label: 'First bar', value: formatDate(first_at, 'UTC') },
    { label: 'Last bar', value: last_at ? formatDate(last_at, 'UTC') : 'Now' },
  ];
}
