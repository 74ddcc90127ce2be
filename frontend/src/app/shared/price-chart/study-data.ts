import {
  computed,
  effect,
  inject,
  PendingTasks,
  resource,
  type Signal,
  signal,
  untracked,
} from '@angular/core';
import type { ErrorInfo } from '../error-state';
import type { Study, StudyKind, StudyValues } from './chart-types';
import { type BarsAsked, PRICE_SOURCE } from './price-source';
import { drawnStudy, studyKey } from './studies';

/** The server computes one thing for a person at a time, and lets two more wait. */
const AT_ONCE = 3;

export interface StudiesAsked {
  readonly bars: Signal<BarsAsked | undefined>;
  readonly chosen: Signal<readonly Study[]>;
  /** Grows when everything is to be asked for again. */
  readonly refreshes: Signal<number>;
}

/** What is known of one indicator; values from before stay until others are there. */
interface Known {
  /** For which bars and which refresh it was asked for. */
  readonly round: string;
  readonly bars: BarsAsked;
  readonly values: StudyValues | null;
  readonly failure: string | null;
}

/**
 * The indicators of a chart. Each is asked for by itself and once: one that is slow or cannot be
 * computed leaves the others as they are. Call it where things are injected.
 */
export class StudyData {
  private readonly source = inject(PRICE_SOURCE);
  private readonly tasks = inject(PendingTasks);
  private readonly kindsPage = resource({ loader: () => this.source.studyKinds() });
  private readonly known = signal<ReadonlyMap<string, Known>>(new Map());
  private waiting: (() => Promise<void>)[] = [];
  private atWork = 0;

  /** Every indicator that can be chosen. */
  readonly kinds = computed(() => (this.kindsPage.hasValue() ? this.kindsPage.value() : []));
  /** Why indicators are missing, each reason once. */
  readonly failures = computed<readonly string[]>(() => {
    if (this.kindsPage.error()) return ['The list of indicators could not be loaded.'];
    return [...new Set(this.ofChosen().flatMap(({ failure }) => failure ?? []))];
  });
  private readonly ofChosen = computed(() =>
    this.of.chosen().flatMap((study) => this.known().get(studyKey(study)) ?? []),
  );

  constructor(private readonly of: StudiesAsked) {
    effect(() => {
      const [bars, chosen, kinds] = [this.of.bars(), this.of.chosen(), this.kinds()];
      const round = JSON.stringify([bars, this.of.refreshes()]);
      if (!bars || !kinds.length) return;
      untracked(() => chosen.forEach((study) => this.ask(study, bars, kinds, round)));
    });
  }

  /** The chosen ones whose bars are among those that `fits` says. */
  values(fits: (bars: BarsAsked) => boolean): readonly StudyValues[] {
    return this.ofChosen().flatMap(({ bars, values }) => (values && fits(bars) ? [values] : []));
  }

  /** Asks again for what failed. */
  retry(): void {
    if (this.kindsPage.error()) this.kindsPage.reload();
    const [bars, kinds] = [this.of.bars(), this.kinds()];
    for (const study of this.of.chosen()) {
      const known = this.known().get(studyKey(study));
      if (bars && known?.failure) this.ask(study, bars, kinds, known.round, true);
    }
  }

  private ask(
    study: Study,
    bars: BarsAsked,
    kinds: readonly StudyKind[],
    round: string,
    again = false,
  ): void {
    const key = studyKey(study);
    const before = this.known().get(key);
    if (before?.round === round && !again) return;
    const [old, values] = [before?.bars ?? bars, before?.values ?? null];
    this.put(key, { round, bars: old, values, failure: null });
    const stale = () => this.known().get(key)?.round !== round;
    this.waiting.push(async () => {
      if (stale()) return;
      const found = await this.computed(study, bars, kinds).then(
        (fresh) => ({ round, bars, values: fresh, failure: null }),
        (error: unknown) => ({ round, bars: old, values, failure: reasonOf(error) }),
      );
      if (!stale()) this.put(key, found);
    });
    this.work();
  }

  private async computed(
    study: Study,
    bars: BarsAsked,
    kinds: readonly StudyKind[],
  ): Promise<StudyValues> {
    const kind = kinds.find(({ name }) => name === study.name);
    if (!kind) throw new Error(`The indicator ${study.name} is not installed.`);
    return drawnStudy(study, kind, await this.source.study(bars, study));
  }

  private put(key: string, known: Known): void {
    this.known.update((all) => new Map(all).set(key, known));
  }

  private work(): void {
    while (this.atWork < AT_ONCE) {
      const next = this.waiting.shift();
      if (!next) return;
      this.atWork += 1;
      this.tasks.run(async () => {
        await next();
        this.atWork -= 1;
        this.work();
      });
    }
  }
}

function reasonOf(error: unknown): string {
  const { detail, message } = error as Partial<ErrorInfo> & Error;
  return detail ?? message;
}
