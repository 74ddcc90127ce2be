import { computed, inject, linkedSignal, resource, type Signal, signal } from '@angular/core';
import type { ErrorInfo } from '../error-state';
import type { ChartBar, Study, StudyValues } from './chart-types';
import { type BarsAsked, type BarsFound, type Dataset, PRICE_SOURCE } from './price-source';
import { StudyData } from './study-data';

const FIRST_BARS = 500;
const MOST_BARS = 10_000;
const GROWTH = 2;

export interface DataAsked {
  readonly symbol: Signal<string>;
  readonly timeframe: Signal<string | null>;
  readonly end: Signal<string | null>;
  /** Whose prices; null for those that answer for `end`. */
  readonly dataset: Signal<Dataset | null>;
  readonly later: Signal<boolean>;
  readonly studies: Signal<readonly Study[]>;
}

interface Shown extends BarsFound {
  readonly key: string;
  readonly limit: number;
}

/**
 * The bars and indicators of a chart as they are loaded. Older bars are loaded by asking for more of
 * them up to the same end, so that all are adjusted for the same splits. Call it where things are
 * injected.
 */
export class ChartData {
  private readonly source = inject(PRICE_SOURCE);
  private readonly asked: Signal<BarsAsked | undefined>;
  private readonly limit;
  private readonly page;
  private readonly found;
  private readonly refreshes = signal(0);

  readonly instrument;
  private readonly studyData;
  /** The bars on show; those from before stay until others of the same chart are there. */
  readonly shown: Signal<Shown | null>;
  readonly studies: Signal<readonly StudyValues[]>;
  /** Every indicator that can be chosen. */
  readonly kinds;
  /** Why indicators are missing, each reason once. */
  readonly studyFailures;

  constructor(of: DataAsked) {
    this.instrument = resource({
      params: () => {
        const symbol = of.symbol();
        return symbol ? { symbol, end: of.end(), dataset: of.dataset() } : undefined;
      },
      loader: ({ params }) => this.source.instrument(params),
    });
    this.limit = linkedSignal({
      source: () => [of.symbol(), of.timeframe(), of.end(), of.dataset()].join('|'),
      computation: () => FIRST_BARS,
    });
    this.asked = computed(
      () => {
        const [symbol, timeframe] = [of.symbol(), of.timeframe()];
        if (!symbol || !timeframe || !this.instrument.hasValue()) return undefined;
        const [end, dataset] = [of.end(), of.dataset()];
        return { symbol, timeframe, end, dataset, limit: this.limit() };
      },
      { equal: sameJson },
    );
    this.page = resource({
      params: () => {
        const asked = this.asked();
        return asked && { asked, later: of.later() };
      },
      loader: ({ params: { asked, later } }) => this.load(asked, later),
    });
    this.found = computed(() => (this.page.hasValue() ? this.page.value() : null));
    this.shown = linkedSignal<Shown | null, Shown | null>({
      source: () => this.found(),
      computation: (found, before) => {
        const asked = this.asked();
        const kept = before?.value ?? null;
        return found ?? (asked && kept && isOf(asked, kept) ? kept : null);
      },
    });
    const { refreshes } = this;
    this.studyData = new StudyData({ bars: this.asked, chosen: of.studies, refreshes });
    this.kinds = this.studyData.kinds;
    this.studyFailures = this.studyData.failures;
    this.studies = computed(() => {
      const shown = this.shown();
      return shown ? this.studyData.values((asked) => isOf(asked, shown)) : [];
    });
  }

  /** Why there are no bars, null while there are or may be. */
  readonly error = computed<ErrorInfo | null>(() => {
    const error = this.instrument.error() ?? (this.shown() ? undefined : this.page.error());
    return (error as (Error & ErrorInfo) | undefined) ?? null;
  });
  readonly loading = computed(() => this.instrument.isLoading() || this.page.isLoading());
  /** What is on show is no longer brought up to date. */
  readonly stalled = computed(() => Boolean(this.shown() && this.page.error()));
  /** No older bars are to be had. */
  readonly complete = computed(() => {
    const shown = this.shown();
    if (!shown) return false;
    return shown.bars.filter((bar) => !bar.later).length < shown.limit || shown.limit >= MOST_BARS;
  });
  readonly full = computed(() => this.complete() && (this.shown()?.bars.length ?? 0) >= MOST_BARS);

  /** Asks for older bars, unless there are none or some are on their way. */
  more(): void {
    if (this.complete() || this.page.isLoading() || this.shown()?.limit !== this.limit()) return;
    this.limit.set(Math.min(MOST_BARS, this.limit() * GROWTH));
  }

  /** Asks again for what is on show. */
  refresh(): void {
    if (this.instrument.error()) this.instrument.reload();
    else if (this.page.reload()) this.refreshes.update((times) => times + 1);
  }

  /** Asks again for the indicators that failed. */
  retryStudies(): void {
    this.studyData.retry();
  }

  private async load(asked: BarsAsked, later: boolean): Promise<Shown> {
    const found = await this.source.bars(asked);
    const last = found.bars.at(-1);
    const { dataset } = found;
    const after: readonly ChartBar[] =
      later && last ? await this.source.later({ ...asked, dataset }, last.time) : [];
    const bars = [...found.bars, ...after.map((bar) => ({ ...bar, later: true }))];
    return { ...found, bars, key: keyOf(asked, dataset), limit: asked.limit };
  }
}

function keyOf({ symbol, timeframe, end }: BarsAsked, dataset: Dataset): string {
  return [symbol, timeframe, end, dataset].join('|');
}

/** Whether what is on show is of what is asked for; where no dataset is, of any. */
function isOf(asked: BarsAsked, shown: Shown): boolean {
  return shown.key === keyOf(asked, asked.dataset ?? shown.dataset);
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
