import { computed, inject, linkedSignal, resource, type Signal, signal } from '@angular/core';
import type { ErrorInfo } from '../error-state';
import type { ChartBar, Study, StudyKind, StudyValues } from './chart-types';
import { type BarsAsked, type BarsFound, type Dataset, PRICE_SOURCE } from './price-source';
import { drawnStudy, studyKey } from './studies';

const FIRST_BARS = 500;
const MOST_BARS = 10_000;
const GROWTH = 2;
/** The server computes one thing for a person at a time, and lets two more wait. */
const STUDIES_AT_ONCE = 3;

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
  private readonly kindsPage;
  private readonly studyPage;
  /** The bars on show; those from before stay until others of the same chart are there. */
  readonly shown: Signal<Shown | null>;
  readonly studies: Signal<readonly StudyValues[]>;
  /** Every indicator that can be chosen. */
  readonly kinds = computed(() => (this.kindsPage.hasValue() ? this.kindsPage.value() : []));

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
    this.kindsPage = resource({ loader: () => this.source.studyKinds() });
    this.studyPage = resource({
      params: () => {
        const [asked, chosen, kinds] = [this.asked(), of.studies(), this.kinds()];
        return asked && kinds.length
          ? { asked, chosen, kinds, again: this.refreshes() }
          : undefined;
      },
      loader: ({ params: { asked, chosen, kinds } }) => this.loadStudies(asked, chosen, kinds),
    });
    this.studies = this.keptStudies(of.studies);
  }

  /** Why there are no bars, null while there are or may be. */
  readonly error = computed<ErrorInfo | null>(() => {
    const error = this.instrument.error() ?? (this.shown() ? undefined : this.page.error());
    return (error as (Error & ErrorInfo) | undefined) ?? null;
  });
  readonly loading = computed(() => this.instrument.isLoading() || this.page.isLoading());
  /** What is on show is no longer brought up to date. */
  readonly stalled = computed(() => Boolean(this.shown() && this.page.error()));
  /** Why indicators are missing, each reason once. */
  readonly studyFailures = computed<readonly string[]>(() => {
    if (this.kindsPage.error()) return ['The list of indicators could not be loaded.'];
    return this.studyPage.hasValue() ? this.studyPage.value().failures : [];
  });
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

  /** Asks again for the indicators. */
  retryStudies(): void {
    if (this.kindsPage.error()) this.kindsPage.reload();
    this.studyPage.reload();
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

  /** One that cannot be computed leaves the others as they are. */
  private async loadStudies(
    asked: BarsAsked,
    chosen: readonly Study[],
    kinds: readonly StudyKind[],
  ) {
    const found = await inTurns(chosen, async (study) => {
      const kind = kinds.find(({ name }) => name === study.name);
      if (!kind) throw new Error(`The indicator ${study.name} is not installed.`);
      return drawnStudy(study, kind, await this.source.study(asked, study));
    });
    const values = found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const reasons = found.flatMap((one) => (one.status === 'rejected' ? [reasonOf(one)] : []));
    return { asked, values, failures: [...new Set(reasons)] };
  }

  private keptStudies(chosen: Signal<readonly Study[]>): Signal<readonly StudyValues[]> {
    const answer = computed(() => (this.studyPage.hasValue() ? this.studyPage.value() : null));
    const kept = linkedSignal<ReturnType<typeof answer>, ReturnType<typeof answer>>({
      source: answer,
      computation: (found, before) => found ?? before?.value ?? null,
    });
    return computed(() => {
      const [answered, shown] = [kept(), this.shown()];
      if (!answered || !shown || !isOf(answered.asked, shown)) return [];
      const wanted = new Set(chosen().map(studyKey));
      return answered.values.filter(({ study }) => wanted.has(studyKey(study)));
    });
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

/** Some at a time, in their order. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>) {
  const done: PromiseSettledResult<R>[] = [];
  for (let at = 0; at < items.length; at += STUDIES_AT_ONCE) {
    done.push(...(await Promise.allSettled(items.slice(at, at + STUDIES_AT_ONCE).map(work))));
  }
  return done;
}

function reasonOf({ reason }: PromiseRejectedResult): string {
  const { detail, message } = reason as Partial<ErrorInfo> & Error;
  return detail ?? message;
}
