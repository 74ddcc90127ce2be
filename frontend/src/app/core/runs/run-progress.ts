import type {
  ExecutionOut,
  NodeRunOut,
  NodeStatus,
  RunStatus,
  TradeOut,
  WaitsFor,
} from '@core/api';

/** One node's part in a run, as much of it as is known. */
export interface NodeProgress {
  readonly status: NodeStatus;
  readonly attempt: number;
  readonly runtime_ms: number | null;
  /** US dollars as a decimal string. */
  readonly cost: string | null;
  /** The port it was left by. */
  readonly port: string | null;
  readonly headline: string | null;
  readonly error: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** The events that gave the status, told the newest start and the newest error; 0: none did. */
  readonly sequence: number;
  readonly startSequence: number;
  readonly errorSequence: number;
}

/** How far a run is: built from its record and from its events, whichever tells more. */
export interface RunProgress {
  readonly executionId: string;
  readonly status: RunStatus;
  readonly symbol: string | null;
  readonly nodes: Readonly<Record<string, NodeProgress>>;
  readonly cost: string | null;
  readonly outcome: string | null;
  readonly error: string | null;
  readonly trade: TradeOut | null;
  readonly waitsFor: WaitsFor | null;
  readonly wakeAt: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** Every event up to this one is contained. */
  readonly known: number;
  /** Later events that are contained although one before them is missing, ascending. */
  readonly ahead: readonly number[];
  /** The event that gave the status, and the one that gave the cost; 0 when none did. */
  readonly statusSequence: number;
  readonly costSequence: number;
}

export const NOT_STARTED: NodeProgress = {
  status: 'pending',
  attempt: 0,
  runtime_ms: null,
  cost: null,
  port: null,
  headline: null,
  error: null,
  startedAt: null,
  finishedAt: null,
  sequence: 0,
  startSequence: 0,
  errorSequence: 0,
};

/** A run that was just accepted: every node is waiting its turn. */
export function startRun(
  executionId: string,
  nodeIds: readonly string[],
  symbol: string | null,
  at: string,
): RunProgress {
  return {
    executionId,
    status: 'pending',
    symbol,
    nodes: Object.fromEntries(nodeIds.map((id) => [id, NOT_STARTED])),
    cost: null,
    outcome: null,
    error: null,
    trade: null,
    waitsFor: null,
    wakeAt: null,
    startedAt: at,
    finishedAt: null,
    known: 0,
    ahead: [],
    statusSequence: 0,
    costSequence: 0,
  };
}

export function isOver(status: RunStatus): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}

/** Whether events are missing: the record has to be read again. */
export function hasGap(progress: RunProgress): boolean {
  return progress.ahead.length > 0;
}

/** The events that are contained once `sequences` are as well. */
export function joined(
  known: number,
  sequences: readonly number[],
): Pick<RunProgress, 'known' | 'ahead'> {
  const ahead = [...new Set(sequences)].filter((one) => one > known).sort((a, b) => a - b);
  while (ahead[0] === known + 1) known = ahead.shift() ?? known;
  return { known, ahead };
}

/** The progress that a stored record gives; what `previous` heard after it stays. */
export function fromRecord(record: ExecutionOut, previous?: RunProgress): RunProgress {
  const at = record.last_sequence;
  const later = previous && !isOver(record.status) ? previous : undefined;
  const status = later && later.statusSequence > at ? later : undefined;
  const nodes = record.nodes.map((node) => {
    const old = previous?.nodes[node.node_id];
    const told = isOver(record.status) ? undefined : old;
    return [node.node_id, told && tellsMore(told, node, at) ? told : ofRecord(node, old)] as const;
  });
  return {
    executionId: record.id,
    status: status?.status ?? record.status,
    symbol: record.symbol,
    nodes: Object.fromEntries(nodes),
    cost: later && later.costSequence > at ? later.cost : record.cost,
    outcome: status ? status.outcome : record.outcome,
    error: status?.error ?? record.error?.message ?? null,
    trade: record.trade ?? previous?.trade ?? null,
    waitsFor: status ? status.waitsFor : record.waits_for,
    wakeAt: status ? status.wakeAt : record.wake_at,
    startedAt: record.started_at ?? record.created_at,
    finishedAt: record.finished_at ?? status?.finishedAt ?? null,
    ...joined(Math.max(at, previous?.known ?? 0), previous?.ahead ?? []),
    statusSequence: status?.statusSequence ?? at,
    costSequence: Math.max(at, later?.costSequence ?? 0),
  };
}

/** The record with what the events told since it was read. */
export function withProgress(record: ExecutionOut, progress: RunProgress): ExecutionOut {
  return {
    ...record,
    status: progress.status,
    cost: progress.cost ?? record.cost,
    outcome: progress.outcome,
    trade: progress.trade,
    started_at: isStarted(progress) ? progress.startedAt : record.started_at,
    finished_at: progress.finishedAt,
    wake_at: progress.wakeAt,
    waits_for: progress.waitsFor,
    nodes: record.nodes.map((node) => {
      const told = progress.nodes[node.node_id];
      if (!told || told.sequence + told.errorSequence === 0) return node;
      return {
        ...node,
        status: told.status,
        attempts: told.attempt,
        started_at: told.startedAt,
        finished_at: told.finishedAt,
        runtime_ms: told.runtime_ms,
        cost: told.cost ?? node.cost,
        port: told.port,
        error: told.error,
      };
    }),
  };
}

function isStarted(progress: RunProgress): boolean {
  return progress.status !== 'pending';
}

/** Whether an event said more of a node than a record that contains events up to `at`. */
function tellsMore(told: NodeProgress, node: NodeRunOut, at: number): boolean {
  const rowFollows = told.status === 'running' && node.status === 'pending';
  return Math.max(told.sequence, told.errorSequence) > at || rowFollows;
}

function ofRecord(node: NodeRunOut, old: NodeProgress | undefined): NodeProgress {
  return {
    status: node.status,
    attempt: node.attempts,
    runtime_ms: node.runtime_ms,
    cost: node.cost,
    port: node.port,
    headline: old?.headline ?? null,
    error: node.error,
    startedAt: node.started_at,
    finishedAt: node.finished_at,
    sequence: old?.sequence ?? 0,
    startSequence: old?.startSequence ?? 0,
    errorSequence: old?.errorSequence ?? 0,
  };
}
