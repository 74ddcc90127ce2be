import { computed, inject, Service, signal } from '@angular/core';
import { fromApi, type PipelineGraph } from '../domain/graph';
import { isStale, staleNodes } from '../domain/stale';
import { EditorStore } from './editor-store';
import { RunStore } from './run-store';

interface Ran {
  readonly graph: PipelineGraph;
  /** Null for a draft. */
  readonly version: number | null;
}

const NONE: ReadonlySet<string> = new Set();

/** Whether what a run told is still about the graph on the canvas. */
@Service({ autoProvided: false })
export class RunFreshness {
  private readonly editor = inject(EditorStore);
  private readonly runs = inject(RunStore);
  /** What was on the canvas when a run was started here; the record tells better once it is there. */
  private readonly started = signal<Ran | null>(null);

  private readonly ran = computed<Ran | null>(() => {
    if (!this.runs.view()) return null;
    const record = this.runs.record();
    if (!record) return this.started();
    return { graph: fromApi(record.graph).graph, version: record.pipeline_version };
  });

  /** Nodes whose results are of another graph. */
  readonly stale = computed(() => {
    const ran = this.ran();
    return ran ? staleNodes(ran.graph, this.editor.graph()) : NONE;
  });
  /** "of version 8" or "of an earlier draft" when the graph has changed since the run; else empty. */
  readonly label = computed(() => {
    const ran = this.ran();
    if (!ran || !isStale(ran.graph, this.editor.graph())) return '';
    return ran.version === null ? 'of an earlier draft' : `of version ${ran.version}`;
  });

  /** Takes note that what is on the canvas is run, as a version or (null) as the draft. */
  begin(version: number | null): void {
    this.started.set({ graph: this.editor.graph(), version });
  }
}
