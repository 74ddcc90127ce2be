import { computed, inject, signal } from '@angular/core';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { type PipelineOut } from '@core/api';
import { type ProblemError } from '@core/http/problem-error';
import { merge, type Merged, type Side } from '../domain/merge';
import { type Content, contentOf, sameContent } from './content';
import { isUnknown, type SaveState, whyUnsaved } from './save-state';
import { Unanswered } from './unanswered';

const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;

/** What stands against each other, and what becomes of it when both are kept. */
export interface Conflict {
  readonly mine: Content;
  readonly theirs: Content;
  /** With mine where both changed the same. */
  readonly merged: Merged;
}

/** How the saving of the open pipeline stands: what is stored, and why the rest is not. */
export class SaveStanding {
  private readonly catalogue = inject(AgentCatalogue);
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

  /** What somebody else stored against `mine`; null while there is nothing, or it is not known. */
  conflict(mine: Content): Conflict | null {
    const [stored, base] = [this.theirs(), this.saved()];
    if (this.phase() !== 'conflict' || !stored || !base) return null;
    const theirs = contentOf(stored);
    return { mine, theirs, merged: merge(base, mine, theirs, 'mine', this.catalogue.byType()) };
  }

  /**
   * Gives what was changed in `mine` laid over what is `stored`; where both changed the same,
   * `winner` has it. Null, and the conflict is with `stored`, when that is not what was told of.
   */
  lay(stored: PipelineOut, mine: Content, winner: Side): Content | null {
    const [theirs, base] = [contentOf(stored), this.saved()];
    const told = this.conflict(mine)?.theirs;
    this.theirs.set(stored);
    if (!base || !told || !sameContent(told, theirs)) return null;
    return merge(base, mine, theirs, winner, this.catalogue.byType()).content;
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
