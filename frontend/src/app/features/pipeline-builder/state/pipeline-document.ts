import { computed, inject, Service, signal } from '@angular/core';
import { type LastSkip, type Mode, type PipelineOut, type PipelineStatus } from '@core/api';
import { toProblemError, type ProblemError } from '@core/http/problem-error';
import { fromApi } from '../domain/graph';
import { readTrigger, type Start } from '../domain/trigger';
import { EditorApi } from './editor-api';
import { EditorStore } from './editor-store';

export interface DocumentFacts {
  readonly id: string;
  readonly mode: Mode;
  readonly status: PipelineStatus;
  readonly revision: number;
  readonly version: number;
  /** When the schedule runs it next; null when nothing is planned. */
  readonly nextRunAt: string | null;
  /** The last time it was due and did not run. */
  readonly lastSkip: LastSkip | null;
}

/** The pipeline that is open: everything about it but the graph, which the editor store holds. */
@Service({ autoProvided: false })
export class PipelineDocument {
  private readonly api = inject(EditorApi);
  private readonly editor = inject(EditorStore);
  private readonly current = signal<DocumentFacts | null>(null);
  private readonly failure = signal<ProblemError | null>(null);
  private readonly repaired = signal<readonly string[]>([]);
  private wanted = '';

  readonly name = signal('');
  /** How it starts, as it is being edited. */
  readonly trigger = signal<Start>({ kind: 'manual' });
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
      this.failure.set(toProblemError(error));
    }
  }

  /** Shows a pipeline as the server has it; what was not saved is gone. */
  show(pipeline: PipelineOut): void {
    const { graph, repairs } = fromApi(pipeline.graph);
    this.editor.load(graph);
    this.name.set(pipeline.name);
    this.trigger.set(readTrigger(pipeline.trigger));
    this.repaired.set(repairs);
    this.adopt(pipeline);
  }

  /** Takes over what a save answered, without touching the graph on the screen. */
  adopt(pipeline: PipelineOut): void {
    const { id, mode, status, revision, version } = pipeline;
    const nextRunAt = pipeline.next_run_at ?? null;
    const lastSkip = pipeline.last_skip ?? null;
    this.current.set({ id, mode, status, revision, version, nextRunAt, lastSkip });
  }
}
