import { HttpContext } from '@angular/common/http';
import { Service } from '@angular/core';
import {
  activatePipeline,
  cancelExecution,
  clonePipeline,
  createPipeline,
  deactivatePipeline,
  type ExecutionOut,
  exportPipeline,
  getExecution,
  getPipeline,
  getVersion,
  type GraphProblem,
  listExecutions,
  listScanners,
  listVersions,
  type PipelineExport,
  type PipelineOut,
  type PipelineUpdate,
  previewSubscriptions,
  type PublishBody,
  publishPipeline,
  type RunAccepted,
  type RunBody,
  runPipeline,
  type ScannerOut,
  type PreviewBody,
  type PreviewOut,
  updatePipeline,
  validateGraph,
  type VersionDetail,
  type VersionList,
} from '@core/api';
import { ENDS_AT_LOG_OUT } from '@core/http/auth-interceptor';
import { unwrap } from '@core/http/unwrap';
import { type ApiGraph } from '../domain/graph';
import { type Start, writableSubscriptions } from '../domain/trigger';

/** How a save is sent: the next one waits for it, so that it must come to an end. */
const SAVING = {
  context: new HttpContext().set(ENDS_AT_LOG_OUT, true),
  timeout: 20_000,
};

/** What of a pipeline is to be saved; the rest stays. */
export interface PipelineChange {
  readonly name?: string;
  readonly graph?: ApiGraph;
  readonly trigger?: Start;
}

/** Every call that the editor makes, in its own words. All throw ProblemError. */
@Service()
export class EditorApi {
  load(pipelineId: string): Promise<PipelineOut> {
    return unwrap(getPipeline({ path: { pipeline_id: pipelineId } }));
  }

  /** Makes a pipeline of what an editor has. */
  create({ name, graph, mode, trigger }: PipelineExport): Promise<PipelineOut> {
    return unwrap(createPipeline({ body: { name, graph, mode: mode ?? null, trigger } }));
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
        ...SAVING,
        body: { ...change, ...(trigger && { trigger: writable(trigger) }) },
      }),
    );
  }

  /** Has runs of the present trade in an account from now on; null for the first one. */
  tradeIn(pipelineId: string, revision: number, account_id: string | null): Promise<PipelineOut> {
    return unwrap(
      updatePipeline({
        path: { pipeline_id: pipelineId },
        headers: { 'If-Match': String(revision) },
        ...SAVING,
        body: { account_id },
      }),
    );
  }

  /** Publishes the draft as it is at `revision`; refused as a save is when it has moved on. */
  publish(pipelineId: string, revision: number, body: PublishBody): Promise<PipelineOut> {
    return unwrap(
      publishPipeline({
        path: { pipeline_id: pipelineId },
        headers: { 'If-Match': String(revision) },
        ...SAVING,
        body,
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
    const found: ScannerOut[] = [];
    let cursor: string | undefined;
    do {
      const page = await unwrap(listScanners({ query: { limit: 200, cursor } }));
      found.push(...page.items);
      cursor = page.next_cursor ?? undefined;
    } while (cursor);
    return found;
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

  versions(pipelineId: string, cursor: string | null): Promise<VersionList> {
    return unwrap(listVersions({ path: { pipeline_id: pipelineId }, query: { cursor } }));
  }

  version(pipelineId: string, version: number): Promise<VersionDetail> {
    return unwrap(getVersion({ path: { pipeline_id: pipelineId, version } }));
  }

  export(pipelineId: string): Promise<PipelineExport> {
    return unwrap(exportPipeline({ path: { pipeline_id: pipelineId } }));
  }

  clone(pipelineId: string): Promise<PipelineOut> {
    return unwrap(clonePipeline({ path: { pipeline_id: pipelineId }, body: {} }));
  }
}

/** The same trigger in lists that the client may write to. */
export function writable(trigger: Start): NonNullable<PipelineUpdate['trigger']> {
  switch (trigger.kind) {
    case 'periodic':
      return {
        ...trigger,
        symbols: [...trigger.symbols],
        window: trigger.window && { ...trigger.window, days: [...trigger.window.days] },
      };
    case 'signal':
      return { ...trigger, subscriptions: writableSubscriptions(trigger.subscriptions) };
    default:
      return { kind: 'manual' };
  }
}
