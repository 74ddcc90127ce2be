import { Component, computed, inject, output, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import {
  MAT_DIALOG_DATA,
  MatDialog,
  MatDialogActions,
  MatDialogContent,
  MatDialogRef,
  MatDialogTitle,
} from '@angular/material/dialog';
import { RouterLink } from '@angular/router';
import {
  type CalendarOut,
  getInstrument,
  type InstrumentDetail,
  listCalendars,
  putInstrument,
  resetInstrument,
} from '@core/api';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { confirm } from '@shared/confirm-dialog';
import { ErrorState } from '@shared/error-state';
import { Notice } from '@shared/notice';
import { SkeletonRows } from '@shared/skeleton';
import {
  changeBetween,
  type DraftField,
  draftOf,
  faultOf,
  type InstrumentDraft,
} from './instrument-draft';
import { datasetWords, isChanged, NOT_KNOWN, pricesOffered, shortWords } from './instrument-words';

/** One instrument: where its prices come from, and its terms to change. */
@Component({
  selector: 'k-instrument-dialog',
  imports: [
    RouterLink,
    MatDialogActions,
    MatDialogContent,
    MatDialogTitle,
    MatButton,
    ErrorState,
    Notice,
    SkeletonRows,
  ],
  templateUrl: './instrument-dialog.html',
  styleUrl: './instrument-dialog.scss',
})
export class InstrumentDialog {
  protected readonly dialog = inject<MatDialogRef<InstrumentDialog>>(MatDialogRef);
  private readonly dialogs = inject(MatDialog);
  protected readonly asked = inject<string>(MAT_DIALOG_DATA);

  protected readonly NOT_KNOWN = NOT_KNOWN;
  protected readonly texts = [
    { field: 'name', label: 'Name', most: 120, numeric: false },
    { field: 'currency', label: 'Currency', most: 20, numeric: false },
    { field: 'tick', label: 'Tick, the smallest step of a price', most: 20, numeric: true },
    { field: 'quantity_step', label: 'Smallest step of a quantity', most: 20, numeric: true },
  ] as const;
  protected readonly instrument = signal<InstrumentDetail | null>(null);
  protected readonly calendars = signal<readonly CalendarOut[]>([]);
  protected readonly draft = signal<InstrumentDraft | null>(null);
  protected readonly loadProblem = signal<ProblemError | null>(null);
  protected readonly problem = signal<ProblemError | null>(null);
  protected readonly busy = signal(false);
  /** What it became; told at once, since Escape closes the dialog with nothing. */
  readonly became = output<InstrumentDetail>();

  protected readonly datasets = computed(() =>
    (this.instrument()?.datasets ?? []).map(datasetWords),
  );
  protected readonly prices = computed(() => {
    const instrument = this.instrument();
    return instrument ? pricesOffered(instrument) : [];
  });
  protected readonly changed = computed(() => {
    const instrument = this.instrument();
    return instrument !== null && isChanged(instrument);
  });
  private readonly change = computed(() => {
    const [instrument, draft] = [this.instrument(), this.draft()];
    return instrument && draft ? changeBetween(draftOf(instrument), draft) : {};
  });
  protected readonly wrong = computed(() => this.texts.some(({ field }) => this.fault(field)));
  protected readonly dirty = computed(() => Object.keys(this.change()).length > 0);

  constructor() {
    void this.load();
  }

  protected async load(): Promise<void> {
    this.loadProblem.set(null);
    try {
      const path = { symbol: this.asked };
      const [instrument, calendars] = await Promise.all([
        unwrap(getInstrument({ path })),
        unwrap(listCalendars()),
      ]);
      this.calendars.set(calendars.items);
      this.show(instrument);
    } catch (error) {
      this.loadProblem.set(toProblemError(error));
    }
  }

  protected type(field: DraftField, text: string): void {
    const draft = this.draft();
    if (draft) this.draft.set({ ...draft, [field]: text });
    this.problem.set(null);
  }

  protected fault(field: DraftField): string | null {
    const draft = this.draft();
    return (draft && faultOf(field, draft)) || (this.problem()?.forField(field) ?? null);
  }

  /** What holds while a field is empty. */
  protected fallback(field: DraftField, instrument: InstrumentDetail): string {
    if (instrument.decided_by[field] === 'user') return 'By the symbol';
    if (field === 'market') return `By the symbol: ${instrument.market_name}`;
    if (field === 'shortable') return `By the symbol: ${shortWords(instrument.shortable)}`;
    return instrument[field] ?? NOT_KNOWN;
  }

  protected async save(): Promise<void> {
    if (this.wrong() || !this.dirty()) return;
    const path = { symbol: this.symbol() };
    await this.attempt(() => unwrap(putInstrument({ path, body: this.change() })));
  }

  protected async reset(): Promise<void> {
    const symbol = this.symbol();
    const agreed = await confirm(this.dialogs, {
      title: `Reset ${symbol}?`,
      text: 'Everything that you decided of it goes, and its symbol decides again. Runs go by that within a second.',
      action: 'Reset',
    });
    if (agreed) await this.attempt(() => unwrap(resetInstrument({ path: { symbol } })));
  }

  /** The refusal of a field stands under it, any other above the buttons. */
  protected unplaced(): ProblemError | null {
    const problem = this.problem();
    const fields = [...this.texts.map(({ field }) => field), 'market', 'shortable', 'dataset'];
    return problem && fields.some((field) => problem.forField(field)) ? null : problem;
  }

  private symbol(): string {
    return this.instrument()?.symbol ?? this.asked;
  }

  private show(instrument: InstrumentDetail): void {
    this.instrument.set(instrument);
    this.draft.set(draftOf(instrument));
  }

  /** Closes once it is done, unless there is something to know about it. */
  private async attempt(act: () => Promise<InstrumentDetail>): Promise<void> {
    if (this.busy()) return;
    this.busy.set(true);
    this.problem.set(null);
    try {
      const after = await act();
      this.became.emit(after);
      this.show(after);
      if (!after.notes?.length) this.dialog.close();
    } catch (error) {
      this.problem.set(toProblemError(error));
    } finally {
      this.busy.set(false);
    }
  }
}
