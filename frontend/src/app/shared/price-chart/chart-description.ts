import { formatPercentChange } from '../format/numbers';
import { zoneInWords } from '../format/times';
import type { ChartLine } from './chart-types';
import { barTime, timeframeInWords } from './chart-times';
import type { LegendInput } from './legend';
import { priceText } from './price-digits';

/** The chart in words, for those who do not see it. */
export function describeChart(
  symbol: string,
  { bars, studies, marks, clock, digits }: LegendInput,
  source: string,
  lines: readonly ChartLine[],
): string {
  const known = bars.filter((bar) => !bar.later);
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last) return `No prices of ${symbol} are shown.`;
  const price = (value: number) => priceText(value, digits);
  const change = Number(last.close) / Number(first.close) - 1;
  const happened = [...marks.values()].flat().length;
  return [
    `${symbol}, bars of ${timeframeInWords(clock.timeframe)}`,
    `${barTime(first.time, clock)} to ${barTime(last.time, clock)}, ${zoneInWords(clock.timezone)}`,
    source.toLowerCase(),
    `last close ${price(Number(last.close))}, ${formatPercentChange(change)} over this time`,
    `highest ${price(Math.max(...known.map(({ high }) => Number(high))))}`,
    `lowest ${price(Math.min(...known.map(({ low }) => Number(low))))}`,
    ...studies.map(({ label }) => label),
    ...lines.map((line) => `${line.label} ${price(line.price)}`),
    ...(happened ? [`${happened} marked`] : []),
  ].join(', ');
}
