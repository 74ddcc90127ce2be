import type { ChartBar, Study, StudyKind } from './chart-types';
import type { BarsAsked, Dataset, PricesAsked, PriceSource } from './price-source';

const DAY_MS = 86_400_000;
const LAST = Date.parse('2013-03-01T14:30:00Z');

/** `count` daily bars up to 1 March 2013, each dearer than the one before. */
export function dailyBars(count: number): ChartBar[] {
  return Array.from({ length: count }, (_, at) => ({
    time: new Date(LAST - (count - 1 - at) * DAY_MS).toISOString(),
    open: 100 + at,
    high: 102 + at,
    low: 99 + at,
    close: 101 + at,
    volume: 1000,
  }));
}

const period = (usual: number) => ({
  type: 'object',
  properties: { period: { type: 'integer', title: 'Period', default: usual, minimum: 2 } },
});
const OVER_PRICES = { description: 'A line.', lowest: null, highest: null, levels: [] };

/** An average with two presets, an index on a scale, and one of an added package without settings. */
export const STUDY_KINDS: readonly StudyKind[] = [
  {
    ...OVER_PRICES,
    name: 'sma',
    title: 'SMA',
    settings_schema: period(50),
    presets: [{ period: 20 }, { period: 50 }],
  },
  {
    name: 'rsi',
    title: 'RSI',
    description: 'An index.',
    settings_schema: period(14),
    presets: [{ period: 14 }],
    lowest: 0,
    highest: 100,
    levels: [30, 70],
  },
  {
    ...OVER_PRICES,
    name: 'balance',
    title: 'Balance',
    settings_schema: { type: 'object', properties: {} },
    presets: [{}],
  },
];

/** Prices of which there are `has` bars; remembers what was asked and fails while `failure` is set. */
export class FakePrices implements PriceSource {
  readonly askedBars: BarsAsked[] = [];
  readonly askedLater: BarsAsked[] = [];
  readonly askedStudies: (BarsAsked & Study)[] = [];
  failure: Error | null = null;
  /** Names of the indicators that cannot be computed. */
  broken: readonly string[] = [];
  timeframes = ['1h', '1d', '1w'];

  constructor(private readonly has: number) {}

  instrument({ symbol }: PricesAsked) {
    if (this.failure) return Promise.reject(this.failure);
    const { timeframes } = this;
    return Promise.resolve({
      symbol,
      name: symbol,
      timeframes,
      timezone: 'America/New_York',
      calendar: 'XNYS',
    });
  }

  bars(asked: BarsAsked) {
    this.askedBars.push(asked);
    if (this.failure) return Promise.reject(this.failure);
    const bars = dailyBars(Math.min(this.has, asked.limit));
    const dataset: Dataset = asked.dataset ?? 'sample';
    return Promise.resolve({ bars, source: dataset, simulated: false, dataset });
  }

  later(asked: BarsAsked) {
    this.askedLater.push(asked);
    return Promise.resolve(dailyBars(2));
  }

  studyKinds() {
    return Promise.resolve(STUDY_KINDS);
  }

  study(asked: BarsAsked, study: Study) {
    this.askedStudies.push({ ...asked, ...study });
    if (this.failure) return Promise.reject(this.failure);
    if (this.broken.includes(study.name)) {
      return Promise.reject(Object.assign(new Error(), { detail: `${study.name} failed.` }));
    }
    const values = new Map(dailyBars(this.has).map(({ time }) => [time, [50]]));
    return Promise.resolve({ lines: ['line'], pane: 'price' as const, values });
  }
}
