import { DestroyRef, inject, Service } from '@angular/core';
import { HeldDrafts } from '@core/page/held-drafts';
import { fingerprint } from '../domain/graph';
import { type History } from '../domain/history';
import { EditorStore } from './editor-store';
import { PipelineDocument } from './pipeline-document';

const MOST_STEPS = 100;
const MOST_CHARACTERS = 300_000;

type Steps = Pick<History, 'past' | 'future'>;

/** The steps of undo and redo, and what they go on from. */
interface Kept extends Steps {
  readonly of: string;
}

/**
 * Keeps undo over a reload, in this tab. It goes on only from the very graph, and way to start, that
 * it was kept of: that tells more than a revision, which says nothing of what was not saved.
 */
@Service({ autoProvided: false })
export class KeptHistory {
  private readonly document = inject(PipelineDocument);
  private readonly drafts = inject(HeldDrafts);
  private readonly editor = inject(EditorStore);

  constructor() {
    const keep = () => this.keep();
    window.addEventListener('pagehide', keep);
    inject(DestroyRef).onDestroy(() => {
      window.removeEventListener('pagehide', keep);
      this.keep();
    });
  }

  /** Keeps the steps of the open pipeline, the newest ones where there are too many. */
  keep(): void {
    const id = this.document.facts()?.id;
    if (!id) return;
    const { past, future } = bounded(this.editor.history());
    if (!past.length && !future.length) return this.drafts.drop(nameOf(id));
    const kept: Kept = { of: this.standing(), past, future };
    this.drafts.hold(nameOf(id), kept);
  }

  /** Goes on from what was kept, if it was of what is on the screen. */
  takeUp(): void {
    const id = this.document.facts()?.id;
    const kept = id && this.drafts.read<Kept>(nameOf(id));
    if (!kept || kept.of !== this.standing()) return;
    this.editor.recall(kept.past, kept.future);
  }

  private standing(): string {
    return fingerprint(this.editor.graph(), this.editor.start());
  }
}

function nameOf(pipelineId: string): string {
  return `${pipelineId}.history`;
}

function bounded({ past, future }: Steps): Steps {
  let steps: Steps = { past: past.slice(-MOST_STEPS), future: future.slice(-MOST_STEPS) };
  while (JSON.stringify(steps).length > MOST_CHARACTERS) {
    const half = <T>(list: readonly T[]) => list.slice(Math.ceil(list.length / 2));
    steps = { past: half(steps.past), future: half(steps.future) };
  }
  return steps;
}
