import { Component, computed, inject, input, output, signal } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { MatProgressBar } from '@angular/material/progress-bar';
import { RouterLink } from '@angular/router';
import { ErrorState } from '@shared/error-state';
import { formatSize } from '@shared/format/numbers';
import { Icon } from '@shared/icon';
import { FirstBars } from './first-bars';
import { ImportActions } from './import-actions';
import { ImportContents } from './import-contents';
import { ImportDesk } from './import-desk';
import { ImportFacts } from './import-facts';
import { atWork, type ImportJob } from './import-job';
import { ImportProblems } from './import-problems';
import {
  barsInWords,
  doubtsOf,
  faultInWords,
  holdsActions,
  PHASE_LOOKS,
  readyInWords,
  zoneInWords,
} from './import-words';

const MOST_LINKS = 6;
const NOTES_SHOWN = 4;

/** One file: how far it is, what was understood of it, and what can be done with it. */
@Component({
  selector: 'k-import-card',
  imports: [
    MatButton,
    MatIconButton,
    MatProgressBar,
    RouterLink,
    ErrorState,
    FirstBars,
    Icon,
    ImportActions,
    ImportContents,
    ImportFacts,
    ImportProblems,
  ],
  templateUrl: './import-card.html',
  styleUrl: './import-card.scss',
})
export class ImportCard {
  protected readonly desk = inject(ImportDesk);

  readonly job = input.required<ImportJob>();
  /** It shall be undone, or given up while it is imported. */
  readonly undo = output();

  protected readonly allNotes = signal(false);
  protected readonly view = computed(() => this.job().view());
  protected readonly phase = computed(() => this.job().phase());
  protected readonly look = computed(() => {
    const { fault, changed, view } = this.job();
    const it = view();
    const held =
      this.phase() === 'previewed' && (fault() ?? (changed() || (it && doubtsOf(it).length)));
    return PHASE_LOOKS[held && !this.job().busy() ? 'refused' : this.phase()];
  });
  protected readonly size = computed(() => formatSize(this.job().size));
  protected readonly sentence = computed(() => {
    const view = this.view();
    return view && this.phase() !== 'refused' ? barsInWords(view) : '';
  });
  /** It holds splits and dividends alone. */
  protected readonly noBars = computed(() => {
    const view = this.view();
    return view !== null && holdsActions(view);
  });
  protected readonly actions = computed(
    () => this.view()?.found.some((one) => one.splits.length > 0 || one.dividends != null) ?? false,
  );
  /** Share that is done, percent; null where there is nothing to wait for. */
  protected readonly percent = computed(() => {
    const share = this.view() ? this.view()?.progress : this.job().sent();
    const moves = this.phase() === 'sending' || atWork(this.phase());
    return moves && !this.job().busy() ? Math.floor((share ?? 0) * 100) : null;
  });
  /** The server has all of the file, and looks at it. */
  protected readonly arrived = computed(() => this.percent() === 100 || this.job().busy());
  protected readonly moving = computed(() => this.percent() !== null || this.job().busy());
  protected readonly state = computed(() => {
    const percent = this.percent();
    if (this.job().busy())
      return this.phase() === 'previewed' && this.starting() && !this.job().changed()
        ? 'Importing'
        : 'Reading it again';
    if (this.phase() === 'previewed') return this.readiness();
    if (this.phase() === 'sending' && percent === 100) return 'Reading it';
    return percent === null || this.phase() === 'queued'
      ? this.look().label
      : `${this.look().label}, ${percent}%`;
  });
  /** Whether it can be imported as it stands on the card, or what is to be done first. */
  private readonly readiness = computed(() => {
    const fault = this.job().fault();
    if (fault) return faultInWords(fault);
    if (this.job().changed()) return 'Changed: read again before it is imported';
    const view = this.view();
    return view ? readyInWords(view) : this.look().label;
  });
  /** Its preview is on show. */
  protected readonly open = computed(() =>
    ['checking', 'previewed', 'refused', 'failed'].includes(this.phase()),
  );
  protected readonly notes = computed(() => {
    const notes = this.view()?.notes ?? [];
    return this.allNotes() ? notes : notes.slice(0, NOTES_SHOWN);
  });
  protected readonly moreNotes = computed(
    () => (this.view()?.notes.length ?? 0) - this.notes().length,
  );
  protected readonly links = computed(() => this.view()?.symbols.slice(0, MOST_LINKS) ?? []);

  /** In which zone times were read, of what is stored. */
  protected readonly zone = computed(() => {
    const view = this.view();
    return view ? zoneInWords(view) : '';
  });

  private readonly starting = signal(false);

  protected correct(): void {
    void this.desk.correct(this.job());
  }

  protected async start(): Promise<void> {
    this.starting.set(true);
    await this.desk.start(this.job());
    this.starting.set(false);
  }

  /** Previews what was not imported once more, as it was. */
  protected again(): void {
    const view = this.view();
    this.job().problem.set(null);
    if (view) this.correct();
    else this.desk.send(this.job());
  }
}
