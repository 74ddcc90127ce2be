import { inject } from '@angular/core';
import { sameGraph } from '../domain/graph';
import { beside, sameContent, written } from './content';
import { EditorStore } from './editor-store';
import { PipelineDocument } from './pipeline-document';
import { type PipelineDrafts } from './pipeline-drafts';
import { type SaveStanding } from './save-standing';

/** What is held of the open pipeline while it is not stored. Make it where things are injected. */
export class HeldDraft {
  private readonly editor = inject(EditorStore);
  private readonly document = inject(PipelineDocument);

  constructor(
    private readonly drafts: PipelineDrafts,
    private readonly standing: SaveStanding,
  ) {}

  any(): boolean {
    const facts = this.document.facts();
    return facts !== null && this.drafts.read(facts.id) !== null;
  }

  /** Shows what is held; says whether it holds anything that is not stored already. */
  takeUp(): boolean {
    const facts = this.document.facts();
    const draft = facts && this.drafts.read(facts.id);
    if (!draft) return false;
    const stored = this.document.content();
    const { sent, graph, base, ...rest } = draft;
    // The same graph is the same object: a new name alone does not write it over.
    this.document.takeUp({ ...rest, graph: sameGraph(graph, stored.graph) ? stored.graph : graph });
    this.standing.unanswered.begin(sent);
    if (!sameContent(stored, this.document.content())) {
      // Against what was stored when it was begun it is told what was changed here, and what there.
      const moved = base && !sameContent(base, stored);
      if (moved) this.standing.saved.set(beside(base, this.editor.graph()));
      return true;
    }
    this.standing.unanswered.begin();
    this.drafts.drop(facts.id);
    this.document.takeUp({ ...stored, revision: facts.revision });
    return false;
  }

  /** Holds what is on the screen if it `waits` to be stored, else nothing. */
  keep(waits: boolean): void {
    const facts = this.document.facts();
    const base = this.standing.saved();
    if (!facts || !base) return;
    if (!waits) return this.drafts.drop(facts.id);
    this.drafts.hold(facts.id, {
      ...written(this.document.content()),
      revision: facts.revision,
      mode: facts.mode,
      base: written(base),
      sent: this.standing.unanswered.written(),
    });
  }
}
