import type { EventOut } from '@core/api';
import { NOT_STARTED, type NodeProgress, type RunProgress, joined } from './run-progress';

/**
 * The run after one more event. Pure; the order in which events arrive does not matter, nor whether
 * one arrives twice: it is known by its sequence. A node that is told again, as after a worker's
 * death, shows its greatest attempt and what the event of the greatest sequence said of it.
 * Nodes that the event does not name stay the same objects.
 */
export function reduceRun(run: RunProgress, event: EventOut): RunProgress {
  if (event.execution_id !== run.executionId) return run;
  if (event.sequence <= run.known || run.ahead.includes(event.sequence)) return run;
  return applied({ ...run, ...joined(run.known, [...run.ahead, event.sequence]) }, event);
}

function applied(run: RunProgress, event: EventOut): RunProgress {
  const { sequence, at } = event;
  switch (event.type) {
    case 'execution_started':
      return { ...withStatus(run, sequence, RUNNING), startedAt: at };
    case 'agent_started':
      return withNode(withStatus(run, sequence, RUNNING), event.node_id, (node) =>
        started(node, sequence, at, event.data.attempt),
      );
    case 'agent_completed': {
      const { status, runtime_ms, cost, cost_so_far, port, headline } = event.data;
      const result = { status, runtime_ms, cost, port, headline, finishedAt: at };
      return withNode(
        withCost(withStatus(run, sequence, RUNNING), sequence, cost_so_far),
        event.node_id,
        (node) => (sequence > node.sequence ? { ...node, ...result, sequence } : node),
      );
    }
    case 'trade_executed':
      return { ...withStatus(run, sequence, RUNNING), trade: event.data };
    case 'waiting': {
      const { wake_at, waits_for, reason } = event.data;
      return withStatus(run, sequence, {
        status: 'waiting',
        wakeAt: wake_at,
        waitsFor: waits_for ?? null,
        outcome: reason,
      });
    }
    case 'error':
      return withNode(run, event.node_id, (node) =>
        failed(node, sequence, event.data.message, event.data.attempt ?? 0),
      );
    case 'execution_finished': {
      const { status, outcome, error, cost } = event.data;
      const over = { status, outcome, error: error?.message ?? null, finishedAt: at };
      return withCost(withStatus(run, sequence, { ...OVER, ...over }), sequence, cost);
    }
    default:
      event satisfies never;
      return run; // of a newer server: the record tells
  }
}

const OVER = { wakeAt: null, waitsFor: null } as const;
const RUNNING = { status: 'running', outcome: null, ...OVER } as const;

/** The newest event that says something of the run's status has the last word. */
function withStatus(run: RunProgress, sequence: number, change: Partial<RunProgress>): RunProgress {
  return sequence > run.statusSequence ? { ...run, ...change, statusSequence: sequence } : run;
}

function withCost(run: RunProgress, sequence: number, cost: string): RunProgress {
  return sequence > run.costSequence ? { ...run, cost, costSequence: sequence } : run;
}

function withNode(
  run: RunProgress,
  id: string,
  change: (node: NodeProgress) => NodeProgress,
): RunProgress {
  return { ...run, nodes: { ...run.nodes, [id]: change(run.nodes[id] ?? NOT_STARTED) } };
}

function started(node: NodeProgress, sequence: number, at: string, attempt: number): NodeProgress {
  const isNewest = sequence > node.sequence;
  return withoutOldError({
    ...(isNewest ? { ...NOT_STARTED, status: 'running', sequence } : node),
    attempt: Math.max(node.attempt, attempt),
    startedAt: earlier(node.startedAt, at),
    error: node.error,
    startSequence: Math.max(node.startSequence, sequence),
    errorSequence: node.errorSequence,
  });
}

function failed(
  node: NodeProgress,
  sequence: number,
  error: string,
  attempt: number,
): NodeProgress {
  const isNewest = sequence > node.errorSequence;
  return withoutOldError({
    ...node,
    attempt: Math.max(node.attempt, attempt),
    ...(isNewest ? { error, errorSequence: sequence } : {}),
  });
}

/** An error of before the newest start is over. */
function withoutOldError(node: NodeProgress): NodeProgress {
  return node.errorSequence < node.startSequence ? { ...node, error: null } : node;
}

function earlier(one: string | null, other: string): string {
  return one !== null && Date.parse(one) <= Date.parse(other) ? one : other;
}
