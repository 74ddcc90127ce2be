import { Service } from '@angular/core';
import {
  cancelExecution,
  clonePipeline,
  type ExecutionOut,
  exportPipeline,
  getExecution,
  getPipeline,
  type GraphProblem,
  listExecutions,
  listVersions,
  type PipelineExport,
  type PipelineOut,
  type RunAccepted,
  type RunBody,
  runPipeline,
  updatePipeline,
  validateGraph,
  type VersionOut,
} from '@core/api';
import { unwrap } from '@core/http/unwrap';
import { type ApiGraph } from '../domain/graph';

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
    change: { name?: string; graph?: ApiGraph },
  ): Promise<PipelineOut> {
    return unwrap(
      updatePipeline({
        path: { pipeline_id: pipelineId },
        headers: { 'If-Match': String(revision) },
        body: change,
      }),
    );
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
