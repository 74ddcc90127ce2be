import { Service } from '@angular/core';
import {
  activatePipeline,
  cancelExecution,
  clonePipeline,
  deactivatePipeline,
  type ExecutionOut,
  exportPipeline,
  getExecution,
  getPipeline,
  type GraphProblem,
  listExecutions,
  listScanners,
  listVersions,
  type PipelineExport,
  type PipelineOut,
  type PipelineUpdate,
  previewSubscriptions,
  type RunAccepted,
  type RunBody,
  runPipeline,
  type ScannerOut,
  type PreviewBody,
  type PreviewOut,
  updatePipeline,
  validateGraph,
  type VersionOut,
} from '@core/api';
import { unwrap } from '@core/http/unwrap';
import { type ApiGraph } from '../domain/graph';
import { type Start } from '../domain/trigger';

/** What of a pipeline is to be saved; the rest stays. */
export interface PipelineChange {
  readonly name?: string;
  readonly graph?: ApiGraph;
  readonly trigger?: Start;
}

const SCANNERS_OFFERED = 100;

/** Every call that the editor makes, in its own words. All throw ProblemError. */
@Service()
export class EditorApi {
  load(pipelineId: string): Promise<PipelineOut> {
    return unwrap(getPipeline({ path: { pipeline_id: pipelineId } }));
  }

  /** Saves over `revision`; refused with `stale_revision` when the pipeline has moved on. */
  save(
    pipelineId: string,
    revision: number,
    { trigger, ...change }: PipelineChange,
  ): Promise<PipelineOut> {
    return unwrap(
      updatePipeline({
        path: { pipeline_id: pipelineId },
        headers: { 'If-Match': String(revision) },
        body: { ...change, ...(trigger && { trigger: writable(trigger) }) },
      }),
    );
  }

  /** Switches on that the pipeline starts by itself; refused while something is missing. */
  activate(pipelineId: string): Promise<PipelineOut> {
    return unwrap(activatePipeline({ path: { pipeline_id: pipelineId } }));
  }

  deactivate(pipelineId: string): Promise<PipelineOut> {
    return unwrap(deactivatePipeline({ path: { pipeline_id: pipelineId } }));
  }

  async scanners(): Promise<readonly ScannerOut[]> {
    return (await unwrap(listScanners({ query: { limit: SCANNERS_OFFERED } }))).items;
  }

  /** What the subscriptions would have started lately. */
  previewSignals(body: PreviewBody): Promise<PreviewOut> {
    return unwrap(previewSubscriptions({ body }));
  }

  async validate(graph: ApiGraph): Promise<readonly GraphProblem[]> {
    return (await unwrap(validateGraph({ body: { graph } }))).problems;
  }

  /** Starts a run. The same `key` never starts two. */
  run(pipelineId: string, body: RunBody, key: string): Promise<RunAccepted> {
    return unwrap(
      runPipeline({
        path: { pipeline_id: pipelineId },
        headers: { 'Idempotency-Key': key },
        body,
      }),
    );
  }

  cancel(executionId: string): Promise<ExecutionOut> {
    return unwrap(cancelExecution({ path: { execution_id: executionId } }));
  }

  execution(executionId: string): Promise<ExecutionOut> {
    return unwrap(getExecution({ path: { execution_id: executionId } }));
  }

  /** The run of a pipeline that is still going on, newest first, or null. */
  async activeRun(pipelineId: string, symbol?: string): Promise<string | null> {
    const page = await unwrap(
      listExecutions({ query: { pipeline_id: pipelineId, symbol: symbol ?? null, limit: 10 } }),
    );
    const active = page.items.find(({ status }) =>
      ['pending', 'running', 'waiting'].includes(status),
    );
    return active?.id ?? null;
  }

  async versions(pipelineId: string): Promise<readonly VersionOut[]> {
    return (await unwrap(listVersions({ path: { pipeline_id: pipelineId } }))).items;
  }

  export(pipelineId: string): Promise<PipelineExport> {
    return unwrap(exportPipeline({ path: { pipeline_id: pipelineId } }));
  }

  clone(pipelineId: string): Promise<PipelineOut> {
    return unwrap(clonePipeline({ path: { pipeline_id: pipelineId }, body: {} }));
  }
}

/** The same trigger in lists that the client may write to. */
function writable(trigger: Start): NonNullable<PipelineUpdate['trigger']> {
  switch (trigger.kind) {
    case 'periodic':
      return { ...trigger, symbols: [...trigger.symbols] };
    case 'signal':
      return { ...trigger, subscriptions: [...trigger.subscriptions] };
    default:
      return { kind: 'manual' };
  }
}
