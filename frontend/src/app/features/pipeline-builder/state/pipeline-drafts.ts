import { inject } from '@angular/core';
import { type PipelineOut } from '@core/api';
import { Session } from '@core/auth/session';
import { HeldDrafts } from '@core/page/held-drafts';
import { type Content, type Draft, readDraft, sameContent, written } from './content';

/** What one person's editor holds of pipelines. Make it where things are injected. */
export class PipelineDrafts {
  private readonly drafts = inject(HeldDrafts);
  private readonly session = inject(Session);
  private readonly owner = this.session.owner();

  /** Holds a draft, unless somebody else has logged in by now. */
  hold(pipelineId: string, draft: Draft): void {
    if (this.session.owner() === this.owner) this.drafts.hold(pipelineId, draft);
  }

  read(pipelineId: string): ReturnType<typeof readDraft> | null {
    const draft = this.drafts.read<Draft>(pipelineId);
    return draft && readDraft(draft);
  }

  drop(pipelineId: string): void {
    if (this.session.owner() === this.owner) this.drafts.drop(pipelineId);
  }

  /** What is held of a pipeline that is not open goes on from what was stored of it. */
  move(content: Content, { id, revision }: PipelineOut): void {
    const draft = this.drafts.read<Draft>(id);
    if (!draft) return;
    if (sameContent(readDraft(draft), content)) this.drop(id);
    else this.hold(id, { ...draft, revision, base: written(content), sent: [] });
  }
}
