import { computed, signal } from '@angular/core';
import { Subject } from 'rxjs';
import type { Correction, ImportView } from '@core/api';
import type { ProblemError } from '@core/http/problem-error';
import type { Field } from './import-words';
import type { LocalFile } from './local-file';
import { symbolInName } from './symbol-in-name';

/** What stands in fields of a card, as it is typed. */
export type Drafts = Readonly<Partial<Record<Field, string>>>;

export type ServerStatus = ImportView['status'];

/** Where a file is: first on its way to the server, then what the server says of it. */
export type Phase = 'waiting' | 'sending' | 'unsent' | ServerStatus;

/** What goes on by itself at the server. */
const AT_WORK: ReadonlySet<Phase> = new Set<Phase>(['checking', 'queued', 'loading']);

export function atWork(phase: Phase): boolean {
  return AT_WORK.has(phase);
}

let made = 0;

/** `BTC-USD` and `BTCUSD` are one. */
function bare(symbol: string): string {
  return symbol.toUpperCase().replace(/[^A-Z0-9]/g, '');
}

/** One file on its way from this computer to stored bars. */
export class ImportJob {
  /** Tells cards apart, and names what is on them. */
  readonly key = `import-${++made}`;
  /** What the server says; null before it has the file. */
  readonly view = signal<ImportView | null>(null);
  /** Share of the file that is sent; null while none of it is. */
  readonly sent = signal<number | null>(null);
  /** Why the last step was not done. */
  readonly problem = signal<ProblemError | null>(null);
  /** Why a correction was not taken. */
  readonly fault = signal<ProblemError | null>(null);
  /** What stands on its card otherwise than in its preview: typed, on its way, or not taken. */
  readonly drafts = signal<Drafts>({});
  /** It was taken for the symbol that prices are wanted of, which nobody said of it. */
  readonly taken = signal(false);
  readonly changed = computed(() => Object.keys(this.drafts()).length > 0);
  /** What is typed was refused: asked again as it is, it would be refused again. */
  readonly refused = computed(() => {
    const fault = this.fault();
    return fault !== null && !fault.passes;
  });
  /** The server is asked for something. */
  readonly busy = signal(false);
  /** What is waited for, in words. */
  readonly holdUp = signal<string | null>(null);
  readonly phase = computed<Phase>(() => {
    const view = this.view();
    if (view) return view.status;
    if (this.problem()) return 'unsent';
    return this.sent() === null ? 'waiting' : 'sending';
  });
  readonly cancelled = new Subject<void>();
  /** Neither is sent nor asked for any more. */
  given = false;

  /** `file` is null for one that the server has already. */
  constructor(
    readonly name: string,
    readonly size: number,
    readonly file: LocalFile | null,
    /** The symbol that it is taken for where it names none itself. */
    readonly symbol = '',
  ) {}

  static of(view: ImportView): ImportJob {
    const job = new ImportJob(view.filename, view.size_bytes, null);
    job.view.set(view);
    return job;
  }

  /** The name of the file tells of another symbol than the one that prices are wanted of. */
  get asks(): boolean {
    const named = symbolInName(this.name);
    return this.symbol !== '' && named !== undefined && bare(named) !== bare(this.symbol);
  }

  /** Takes down what stands in a field; null where that is what its preview says. */
  type(field: Field, value: string | null): void {
    const drafts = { ...this.drafts() };
    if ((drafts[field] ?? null) === value) return;
    if (value === null) delete drafts[field];
    else drafts[field] = value;
    this.drafts.set(drafts);
    if (field === 'symbol') this.taken.set(false);
    this.fault.set(null);
  }

  /** All that is said beside the file, with what is typed on its card. */
  said(view: ImportView): Correction {
    const typed = Object.entries(this.drafts()).map(([field, value]) => [
      field,
      value.trim() || null,
    ]);
    return { ...view.said, ...(Object.fromEntries(typed) as Correction) };
  }

  /** Stops sending, for good. */
  giveUp(): void {
    this.given = true;
    this.cancelled.next();
  }
}
