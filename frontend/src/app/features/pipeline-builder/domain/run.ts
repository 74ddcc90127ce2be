/** What the editor shows of a run: built from its events as they come, then from the full record. */

export type NodeStatus =
  | 'pending'
  | 'running'
  | 'waiting'
  | 'succeeded'
  | 'failed'
  | 'skipped'
  | 'cancelled';

export type RunStatus = 'pending' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled';

/** One node's part in a run, as much of it as is known. */
export interface NodeRun {
  readonly status: NodeStatus;
  readonly attempt: number;
  readonly runtime_ms: number | null;
  /** US dollars as a decimal string. */
  readonly cost: string | null;
  /** The port it was left by. */
  readonly port: string | null;
  readonly headline: string | null;
  readonly error: string | null;
}

export interface RunView {
  readonly executionId: string;
  readonly status: RunStatus;
  readonly symbol: string | null;
  readonly nodes: Readonly<Record<string, NodeRun>>;
  readonly cost: string | null;
  readonly outcome: string | null;
  readonly error: string | null;
  readonly waitingReason: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** The last event that this view contains. */
  readonly sequence: number;
}

export interface RunEventLike {
  readonly sequence: number;
  readonly type: string;
  readonly at: string;
  readonly node_id?: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface NodeRunRecord {
  readonly node_id: string;
  readonly status: NodeStatus;
  readonly attempts: number;
  readonly runtime_ms: number | null;
  readonly cost: string;
  readonly port: string | null;
  readonly error: string | null;
  readonly output: Readonly<Record<string, unknown>> | null;
}

export interface RunRecord {
  readonly id: string;
  readonly status: RunStatus;
  readonly symbol: string | null;
  readonly cost: string;
  readonly outcome: string | null;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly created_at: string;
  readonly last_sequence: number;
  readonly nodes: readonly NodeRunRecord[];
  readonly error: { readonly message: string; readonly node_id?: string | null } | null;
}

const NOT_STARTED: NodeRun = {
  status: 'pending',
  attempt: 0,
  runtime_ms: null,
  cost: null,
  port: null,
  headline: null,
  error: null,
};

/** A run that was just accepted: every node is waiting its turn. */
export function startRun(
  executionId: string,
  nodeIds: readonly string[],
  symbol: string | null,
  at: string,
): RunView {
  return {
    executionId,
    status: 'pending',
    symbol,
    nodes: Object.fromEntries(nodeIds.map((id) => [id, NOT_STARTED])),
    cost: null,
    outcome: null,
    error: null,
    waitingReason: null,
    startedAt: at,
    finishedAt: null,
    sequence: 0,
  };
}

export function isOver(status: RunStatus): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}

/** The view after one more event. Nodes that the event does not name stay the same objects. */
export function withEvent(view: RunView, event: RunEventLike): RunView {
  if (event.sequence <= view.sequence) return view;
  const next = { ...view, sequence: event.sequence };
  const data = event.data;
  switch (event.type) {
    case 'execution_started':
      return { ...next, status: 'running', startedAt: event.at };
    case 'agent_started':
      return withNode({ ...next, status: 'running', waitingReason: null }, event.node_id, {
        status: 'running',
        attempt: numberOr(data['attempt'], 1),
        error: null,
      });
    case 'agent_completed':
      return withNode({ ...next, cost: textOr(data['cost_so_far'], view.cost) }, event.node_id, {
        status: statusOr(data['status'], 'succeeded'),
        runtime_ms: numberOr(data['runtime_ms'], null),
        cost: textOr(data['cost'], null),
        port: textOr(data['port'], null),
        headline: textOr(data['headline'], null),
      });
    case 'waiting':
      return withNode(
        { ...next, status: 'waiting', waitingReason: textOr(data['reason'], null) },
        event.node_id,
        { status: 'waiting' },
      );
    case 'error':
      return event.node_id
        ? withNode(next, event.node_id, { error: textOr(data['message'], 'It failed.') })
        : { ...next, error: textOr(data['message'], 'The run failed.') };
    case 'execution_finished':
      return {
        ...next,
        status: statusOr(data['status'], 'succeeded') as RunStatus,
        cost: textOr(data['cost'], view.cost),
        outcome: textOr(data['outcome'], null),
        waitingReason: null,
        finishedAt: event.at,
      };
    default:
      return next;
  }
}

/** The view that the stored record gives; it replaces whatever the events had told. */
export function fromRecord(record: RunRecord, previous?: RunView): RunView {
  const nodes: Record<string, NodeRun> = {};
  for (const item of record.nodes) {
    const old = previous?.nodes[item.node_id];
    nodes[item.node_id] = {
      status: item.status,
      attempt: item.attempts,
      runtime_ms: item.runtime_ms,
      cost: item.cost,
      port: item.port,
      headline: old?.headline ?? null,
      error: item.error,
    };
  }
  return {
    executionId: record.id,
    status: record.status,
    symbol: record.symbol,
    nodes,
    cost: record.cost,
    outcome: record.outcome,
    error: record.error?.message ?? null,
    waitingReason: previous?.waitingReason ?? null,
    startedAt: record.started_at ?? record.created_at,
    finishedAt: record.finished_at,
    sequence: Math.max(record.last_sequence, previous?.sequence ?? 0),
  };
}

const STATUS_WORDS: Readonly<Record<NodeStatus, string>> = {
  pending: 'waiting its turn',
  running: 'running',
  waiting: 'paused',
  succeeded: 'done',
  failed: 'failed',
  skipped: 'skipped',
  cancelled: 'cancelled',
};

/** A node's status as it is spoken. */
export function statusInWords(run: NodeRun | undefined): string {
  return run ? STATUS_WORDS[run.status] : 'not run yet';
}

function withNode(view: RunView, id: string | null | undefined, change: Partial<NodeRun>): RunView {
  if (!id) return view;
  const node = { ...(view.nodes[id] ?? NOT_STARTED), ...change };
  return { ...view, nodes: { ...view.nodes, [id]: node } };
}

function numberOr<T>(value: unknown, otherwise: T): number | T {
  return typeof value === 'number' ? value : otherwise;
}

function textOr<T>(value: unknown, otherwise: T): string | T {
  return typeof value === 'string' ? value : otherwise;
}

function statusOr(value: unknown, otherwise: NodeStatus): NodeStatus {
  return typeof value === 'string' && value in STATUS_WORDS ? (value as NodeStatus) : otherwise;
}
