import { formatPercentChange } from '../format/numbers';
import type { ChartBar, ChartMark, StudyValues } from './chart-types';
import { barTime, type ChartClock } from './chart-times';
import { priceText } from './price-digits';
import { studyKey } from './studies';

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 2 });
const NONE = '–';

export interface LegendStudy {
  readonly key: string;
  readonly name: string;
  /** One for each line, a dash where the formula has no answer. */
  readonly values: readonly string[];
}

/** What is said of one bar. */
export interface Legend {
  readonly time: string;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  /** Of the close since the close before, empty for the first bar. */
  readonly change: string;
  readonly way: 'up' | 'down' | 'none';
  readonly studies: readonly LegendStudy[];
  readonly marks: readonly string[];
}

export interface LegendInput {
  readonly bars: readonly ChartBar[];
  readonly studies: readonly StudyValues[];
  /** By the index of the bar that each falls into. */
  readonly marks: ReadonlyMap<number, readonly ChartMark[]>;
  readonly clock: ChartClock;
  readonly digits: number;
}

/** The legend of the bar at `index`, null where there is none. */
export function legendAt(index: number, input: LegendInput): Legend | null {
  const { bars, digits, clock } = input;
  const bar = bars[index];
  if (!bar) return null;
  const before = bars[index - 1];
  const change = before ? Number(bar.close) / Number(before.close) - 1 : 0;
  const price = (value: ChartBar['open']) => priceText(value, digits);
  return {
    time: barTime(bar.time, clock),
    open: price(bar.open),
    high: price(bar.high),
    low: price(bar.low),
    close: price(bar.close),
    volume: Number(bar.volume) > 0 ? compact.format(Number(bar.volume)) : NONE,
    change: before ? formatPercentChange(change) : '',
    way: change > 0 ? 'up' : change < 0 ? 'down' : 'none',
    studies: input.studies.map((study) => studyAt(study, bar.time, digits)),
    marks: (input.marks.get(index) ?? []).map(({ label }) => label),
  };
}

/** The legend as it is read out. */
export function legendInWords(legend: Legend): string {
  const prices = `open ${legend.open}, high ${legend.high}, low ${legend.low}, close ${legend.close}`;
  const studies = legend.studies.map(({ name, values }) => `${name} ${values.join(', ')}`);
  const change = legend.change ? [`change ${legend.change}`] : [];
  return [
    legend.time,
    prices,
    ...change,
    `volume ${legend.volume}`,
    ...studies,
    ...legend.marks,
  ].join(', ');
}

function studyAt(study: StudyValues, time: string, digits: number): LegendStudy {
  const found = study.values.get(time) ?? study.lines.map(() => null);
  const places = study.pane === 'price' ? digits : study.digits;
  return {
    key: studyKey(study.study),
    name: study.label,
    values: found.map((value) => (value === null ? NONE : priceText(value, places))),
  };
}
