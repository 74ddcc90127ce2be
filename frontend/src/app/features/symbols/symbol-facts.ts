import type { SymbolOut } from '@core/api';
import { formatDate } from '@shared/format/times';
import { sourceInWords } from '@shared/price-chart/source-words';
import { zoneInWords } from '@shared/price-chart/chart-times';

export interface Fact {
  readonly label: string;
  readonly value: string;
}

const MARKETS: Readonly<Record<string, string>> = {
  '24/7': 'Open round the clock',
  '24/5': 'Sunday 17:00 to Friday 17:00, New York',
};

/** What is known of an instrument and of its prices, as it is shown. */
export function factsOf(instrument: SymbolOut): Fact[] {
  const { calendar, currency, timeframes, timezone, first_at, last_at } = instrument;
  const market = MARKETS[calendar] ?? `${calendar}, ${zoneInWords(timezone)}`;
  return [
    { label: 'Prices', value: sourceInWords(instrument) },
    { label: 'Market', value: market },
    { label: 'Currency', value: currency },
    { label: 'Timeframes', value: timeframes.join(', ') },
    { label: 'First bar', value: formatDate(first_at, timezone) },
    { label: 'Last bar', value: last_at ? formatDate(last_at, timezone) : 'Now' },
  ];
}
