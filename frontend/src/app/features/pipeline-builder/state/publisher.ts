import { computed, inject, Service, signal } from '@angular/core';
import { MatSnackBar } from '@angular/material/snack-bar';
import { type PublishBody } from '@core/api';
import { ProblemError, toProblemError } from '@core/http/problem-error';
import { Autosave } from './autosave';
import { EditorApi } from './editor-api';
import { PipelineDocument } from './pipeline-document';
import { type ProblemList } from './problem-list';

const MESSAGE_MS = 6_000;

/** Publishes the draft on the screen: from then on it is what starts by itself. */
@Service({ autoProvided: false })
export class Publisher {
  private readonly api = inject(EditorApi);
  private readonly autosave = inject(Autosave);
  private readonly document = inject(PipelineDocument);
  private readonly messages = inject(MatSnackBar);
  private readonly working = signal(false);
  private readonly refusal = signal<{ of: string; error: ProblemError } | null>(null);

  readonly busy = this.working.asReadonly();
  /** Why the open pipeline was not published. */
  readonly problem = computed(() => {
    const refusal = this.refusal();
    return refusal && refusal.of === this.document.facts()?.id ? refusal.error : null;
  });

  dismiss(): void {
    this.refusal.set(null);
  }

  /**
   * What is on the screen is saved first: that, and nothing older, is published. Resolves to whether
   * it was done.
   */
  async publish(body: PublishBody = {}): Promise<boolean> {
    const pipelineId = this.document.facts()?.id;
    if (!pipelineId || this.working()) return false;
    this.working.set(true);
    this.refusal.set(null);
    const refuse = (error: ProblemError) => this.refusal.set({ of: pipelineId, error });
    try {
      const done = await this.send(pipelineId, body);
      if (done) this.tell(pipelineId);
      else refuse(notPublished(this.autosave));
      return done;
    } catch (error) {
      const problem = toProblemError(error);
      await this.autosave.noticeDeleted(problem);
      refuse(problem);
      return false;
    } finally {
      this.working.set(false);
    }
  }

  /** Hands the problems of a graph that was refused to `problems`; says whether there were any. */
  refusedFor(problems: ProblemList): boolean {
    const problem = this.problem();
    if (problem?.code !== 'invalid_graph') return false;
    problems.adoptFrom(problem);
    return true;
  }

  /** Publishes at the revision on the screen, once more when only other things had moved on. */
  private async send(pipelineId: string, body: PublishBody): Promise<boolean> {
    const act = () => {
      const { revision = 0 } = this.document.facts() ?? {};
      return this.api.publish(pipelineId, revision, body);
    };
    try {
      return await this.autosave.change(act);
    } catch (error) {
      if (toProblemError(error).status !== 412) throw error;
      const met = await this.autosave.meet(false);
      if (met === 'unknown') throw error;
      return met === 'same' && (await this.autosave.change(act));
    }
  }

  private tell(pipelineId: string): void {
    const facts = this.document.facts();
    if (facts?.id !== pipelineId) return;
    this.messages.open(`Version ${facts.version} published`, undefined, { duration: MESSAGE_MS });
  }
}

function notPublished(autosave: Autosave): ProblemError {
  const title = `Not published: ${autosave.unsaved()}`;
  const status = autosave.state() === 'offline' ? 0 : -1;
  return new ProblemError({ title, status, code: 'unsaved', detail: '' });
}
