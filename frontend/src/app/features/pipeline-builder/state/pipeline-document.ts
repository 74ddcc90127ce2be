import { computed, inject, Service, signal } from '@angular/core';
import { type LastSkip, type Mode, type PipelineOut, type PipelineStatus } from '@core/api';
import { toProblemError, type ProblemError } from '@core/http/problem-error';
import { changeStart, replaceAll } from '../domain/commands';
import { fromApi, type PipelineGraph } from '../domain/graph';
import { type Content } from '../domain/merge';
import { readTrigger, type Start } from '../domain/trigger';
import { EditorApi } from './editor-api';
import { EditorStore } from './editor-store';

export interface DocumentFacts {
  readonly id: string;
  readonly mode: Mode;
  /** In which its runs of the present trade; null for the first that was opened. */
  readonly accountId: string | null;
  readonly status: PipelineStatus;
  readonly revision: number;
  /** Of the newest published version; 0 when it was never published. */
  readonly version: number;
  /** How the published version starts; null when there is none, or it is not known. */
  readonly publishedTrigger: Start | null;
  readonly publishedAt: string | null;
  /** Whether what is stored differs from the published version; always, when there is none. */
  readonly draftDiffers: boolean;
  /** When the schedule runs it next; null when nothing is planned. */
  readonly nextRunAt: string | null;
  /** The last time it was due and did not run. */
  readonly lastSkip: LastSkip | null;
}

/** The pipeline that is open; what undo goes over, its graph and how it starts, the editor store holds. */
@Service({ autoProvided: false })
export class PipelineDocument {
  private readonly api = inject(EditorApi);
  private readonly editor = inject(EditorStore);
  private readonly current = signal<DocumentFacts | null>(null);
  private readonly failure = signal<ProblemError | null>(null);
  private readonly repaired = signal<readonly string[]>([]);
  private wanted = '';
  /** What undo went over when the name was last changed. */
  private renamedAt: unknown = null;

  readonly name = signal('');
  /** How it starts, as it is being edited. */
  readonly trigger = this.editor.start;
  readonly facts = this.current.asReadonly();
  readonly error = this.failure.asReadonly();
  /** What had to be left out of the stored graph, in words. */
  readonly repairs = this.repaired.asReadonly();
  readonly loading = computed(() => !this.current() && !this.failure());

  /** Opens a pipeline, in place of whatever was open. */
  async open(pipelineId: string): Promise<void> {
    this.wanted = pipelineId;
    this.failure.set(null);
    try {
      const pipeline = await this.api.load(pipelineId);
      if (this.wanted === pipelineId) this.show(pipeline);
    } catch (error) {
      if (this.wanted === pipelineId) this.failure.set(toProblemError(error));
    }
  }

  /** Shows a pipeline as the server has it; what was not saved is gone. */
  show(pipeline: PipelineOut): void {
    const { graph, repairs } = fromApi(pipeline.graph);
    this.editor.load(graph, readTrigger(pipeline.trigger));
    this.name.set(pipeline.name);
    this.renamedAt = null;
    this.repaired.set(repairs);
    this.current.set(factsOf(pipeline));
  }

  /** Shows another state of the pipeline that is open: undo leads back to the one before. */
  turnTo({ graph, name, trigger }: Content, what: string): void {
    this.editor.execute(replaceAll(graph, what, trigger));
    this.name.set(name);
    this.renamedAt = null;
  }

  /** Shows what was being made of the pipeline as it was at `revision`. */
  takeUp(draft: {
    readonly revision: number;
    readonly name: string;
    readonly graph: PipelineGraph;
    readonly trigger: Start;
  }): void {
    this.editor.load(draft.graph, draft.trigger);
    this.name.set(draft.name);
    this.current.update((facts) => facts && { ...facts, revision: draft.revision });
  }

  /** Shows what was being made of a pipeline that there is no more. */
  showLost(id: string, draft: Parameters<typeof this.takeUp>[0] & { readonly mode?: Mode }): void {
    const { revision, mode = 'simulation' } = draft;
    this.failure.set(null);
    this.current.set({
      id,
      mode,
      accountId: null,
      status: 'draft',
      revision,
      version: 0,
      publishedTrigger: null,
      publishedAt: null,
      draftDiffers: true,
      nextRunAt: null,
      lastSkip: null,
    });
    this.takeUp(draft);
  }

  /** What is on the screen. */
  content(): Content {
    return { name: this.name(), graph: this.editor.graph(), trigger: this.trigger() };
  }

  /** Another way to start, in the draft: a step of undo as a change of the graph is. */
  editTrigger(start: Start): void {
    this.editor.execute(changeStart(this.trigger(), start));
  }

  rename(name: string): void {
    this.name.set(name);
    this.renamedAt = this.editor.history();
  }

  /**
   * What was changed last, if undo does not reach that: it would take back something older instead.
   * Tells once.
   */
  beyondUndo(): string | null {
    const last = this.renamedAt;
    this.renamedAt = null;
    return last === this.editor.history() ? 'The name' : null;
  }

  /**
   * Takes over what the server answered, without touching the graph on the screen. An answer about
   * another pipeline than the open one is dropped; says whether it was taken.
   */
  adopt(pipeline: PipelineOut): boolean {
    if (pipeline.id !== this.current()?.id) return false;
    this.current.set(factsOf(pipeline));
    return true;
  }
}

function factsOf(pipeline: PipelineOut): DocumentFacts {
  const { id, mode, status, revision, version, published_trigger: trigger } = pipeline;
  return {
    id,
    mode,
    accountId: pipeline.account_id ?? null,
    status,
    revision,
    version,
    publishedTrigger: trigger && readTrigger(trigger),
    publishedAt: pipeline.published_at,
    draftDiffers: pipeline.draft_differs,
    nextRunAt: pipeline.next_run_at ?? null,
    lastSkip: pipeline.last_skip ?? null,
  };
}
