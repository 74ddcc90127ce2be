import { computed, signal } from '@angular/core';
import type { AuditFinding, AuditVerdict } from '@core/api';
import { type ProblemError, toProblemError } from '@core/http/problem-error';

/** So many places are verified by one call: the bar moves, and a stop is soon heeded. */
export const SLICE = 10_000;

/** `stopped`: on request or by an error, and can go on from where it is. */
export type Phase = 'idle' | 'running' | 'stopped' | 'done';

/** What came of a verification that ended. */
export interface VerificationResult {
  readonly at: string;
  readonly checked: number;
  readonly findings: readonly AuditFinding[];
  readonly complete: boolean;
  readonly verdict: AuditVerdict;
}

/** One part; rejects once `signal` aborts it. */
type Verify = (after: number, limit: number, signal: AbortSignal) => Promise<AuditVerdict>;

/** Verifies the record part by part, and keeps what was found when a part cannot be read. */
export class RecordVerification {
  private readonly current = signal<Phase>('idle');
  private readonly place = signal(0);
  private readonly last = signal<AuditVerdict | null>(null);
  private readonly found = signal<readonly AuditFinding[]>([]);
  private readonly whole = signal(true);
  private readonly failure = signal<ProblemError | null>(null);
  private readonly counted = signal(0);
  private readonly at = signal<string | null>(null);
  private readonly ending = signal(false);
  private part = new AbortController();

  readonly phase = this.current.asReadonly();
  /** It was asked to stop and has not yet. */
  readonly stopping = computed(() => this.ending() && this.current() === 'running');
  /** The last place that was verified. */
  readonly verified = this.place.asReadonly();
  /** Entries that were looked at so far. */
  readonly checked = this.counted.asReadonly();
  readonly total = computed(() => this.last()?.total ?? 0);
  readonly findings = this.found.asReadonly();
  /** Whether these are all; of very many of a kind only the first are told. */
  readonly complete = this.whole.asReadonly();
  readonly error = this.failure.asReadonly();
  /** What the last part says of checkpoints and signatures; null before the end. */
  readonly verdict = computed(() => (this.current() === 'done' ? this.last() : null));
  /** When the last verification came to its end. */
  readonly finishedAt = this.at.asReadonly();

  constructor(private readonly verify: Verify) {}

  /** Begins anew; resolves when it has ended or was stopped. */
  start(): Promise<void> {
    this.clear();
    return this.goOn();
  }

  /** Goes on behind the last place that was verified. */
  async goOn(): Promise<void> {
    this.ending.set(false);
    this.failure.set(null);
    this.current.set('running');
    try {
      while (!this.ending()) {
        this.part = new AbortController();
        const part = await this.verify(this.place(), SLICE, this.part.signal);
        this.take(part);
        if (part.next === null) return this.end();
        this.place.set(part.next);
      }
    } catch (error) {
      if (!this.ending()) this.failure.set(toProblemError(error));
    }
    if (this.current() === 'running') this.current.set('stopped');
  }

  /** Breaks off the part at hand; what was found before it stays. */
  stop(): void {
    this.ending.set(true);
    this.part.abort();
  }

  /** What came of the last verification, or null while there is none that ended. */
  protected readonly outcome = computed<VerificationResult | null>(() => {
    const [at, verdict] = [this.at(), this.verdict()];
    if (!at || !verdict) return null;
    const [checked, findings, complete] = [this.counted(), this.found(), this.whole()];
    return { at, checked, findings, complete, verdict };
  });

  /** Takes up what came of one before. */
  protected takeUp({ at, checked, findings, complete, verdict }: VerificationResult): void {
    this.last.set(verdict);
    this.counted.set(checked);
    this.found.set(findings);
    this.whole.set(complete);
    this.place.set(verdict.total);
    this.at.set(at);
    this.current.set('done');
  }

  /** As if nothing had been verified yet. */
  protected forget(): void {
    this.stop();
    this.clear();
    this.at.set(null);
    this.failure.set(null);
    this.current.set('idle');
  }

  private clear(): void {
    this.place.set(0);
    this.counted.set(0);
    this.found.set([]);
    this.whole.set(true);
    this.last.set(null);
  }

  private take(part: AuditVerdict): void {
    this.last.set(part);
    this.counted.update((count) => count + part.checked);
    this.found.update((before) => [...before, ...part.findings]);
    if (!part.complete) this.whole.set(false);
  }

  private end(): void {
    this.place.set(this.total());
    this.at.set(new Date().toISOString());
    this.current.set('done');
  }
}
