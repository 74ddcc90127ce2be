import { computed, signal } from '@angular/core';
import { type PipelineOut } from '@core/api';
import { type ProblemError } from '@core/http/problem-error';
import { type Content, contentOf, sameContent } from './content';
import { isUnknown, type SaveState, whyUnsaved } from './save-state';
import { Unanswered } from './unanswered';

const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;

/** How the saving of the open pipeline stands: what is stored, and why the rest is not. */
export class SaveStanding {
  readonly saved = signal<Content | null>(null);
  readonly phase = signal<Exclude<SaveState, 'pending'>>('saved');
  readonly refusal = signal<ProblemError | null>(null);
  readonly unanswered = new Unanswered();
  /** What somebody else stored, while it stands against what is on the screen; null: not known. */
  readonly theirs = signal<PipelineOut | null>(null);
  private failures = 0;

  /** Why the server did not take the last change, and what can be done about it. */
  readonly reason = computed(() => whyUnsaved(this.phase(), this.refusal()));

  /** Only the person can go on from here. */
  stuck(): boolean {
    return this.phase() === 'conflict' || this.phase() === 'deleted';
  }

  calm(): void {
    this.phase.set('saved');
    this.refusal.set(null);
    this.theirs.set(null);
    this.failures = 0;
    this.unanswered.begin();
  }

  clash(problem: ProblemError | null, theirs: PipelineOut | null): void {
    this.refusal.set(problem);
    this.theirs.set(theirs);
    this.phase.set('conflict');
  }

  /** Takes note that a save failed; gives the ms until it is tried again, null for never. */
  fail(error: ProblemError): number | null {
    if (error.status === 412) this.clash(error, null);
    else this.refusal.set(error);
    if (error.status === 412) return null;
    const passes = error.status === 429 || isUnknown(error);
    this.phase.set(passes ? 'offline' : 'refused');
    return passes ? Math.min(FIRST_RETRY_MS * 2 ** this.failures++, LONGEST_RETRY_MS) : null;
  }

  /** What of the work in this tab is what is stored by now; null when that is somebody else's. */
  recognise(stored: PipelineOut, shown: Content): Content | null {
    const sent = this.unanswered.find(stored);
    if (sent) return sent;
    const content = contentOf(stored);
    const saved = this.saved();
    if (saved && sameContent(saved, content)) return saved;
    return sameContent(shown, content) ? shown : null;
  }
}
