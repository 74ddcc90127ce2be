import type { ExecutionOut, NodeRunOut, RunStatus, TradeOut, WaitsFor } from '@core/api';
import type { RunEvent } from '@core/socket/run-event';

type NodeChange = Partial<NodeRunOut>;

/** The run as it stands after `event`. What an event does not tell is filled in by the next reading. */
export function applyEvent(run: ExecutionOut, event: RunEvent): ExecutionOut {
  const next = { ...run, last_sequence: Math.max(run.last_sequence, event.sequence) };
  const data = event.data as Record<string, unknown>;
  switch (event.type) {
    case 'execution_started':
      return { ...next, status: 'running', started_at: run.started_at ?? event.at };
    case 'agent_started':
      return onNode({ ...next, status: 'running', wake_at: null, waits_for: null }, event, {
        status: 'running',
        attempts: Number(data['attempt'] ?? 1),
      });
    case 'agent_completed':
      return completed(next, event, data);
    case 'waiting':
      return onNode(
        {
          ...next,
          status: 'waiting',
          wake_at: String(data['wake_at'] ?? '') || null,
          waits_for: (data['waits_for'] as WaitsFor | null) ?? null,
          outcome: (data['reason'] as string | null) ?? run.outcome,
        },
        event,
        { status: 'waiting' },
      );
    case 'error':
      return onNode(next, event, { error: String(data['message'] ?? '') });
    case 'trade_executed':
      return { ...next, trade: event.data as unknown as TradeOut };
    case 'execution_finished':
      return {
        ...next,
        status: data['status'] as RunStatus,
        cost: String(data['cost'] ?? run.cost),
        outcome: (data['outcome'] as string | null) ?? run.outcome,
        finished_at: run.finished_at ?? event.at,
        wake_at: null,
        waits_for: null,
      };
    default:
      return next;
  }
}

function completed(
  run: ExecutionOut,
  event: RunEvent,
  data: Record<string, unknown>,
): ExecutionOut {
  const change: NodeChange = {
    status: data['status'] as NodeRunOut['status'],
    runtime_ms: (data['runtime_ms'] as number | null) ?? null,
    cost: String(data['cost'] ?? '0'),
    port: (data['port'] as string | null) ?? null,
    finished_at: event.at,
  };
  return onNode({ ...run, cost: String(data['cost_so_far'] ?? run.cost) }, event, change);
}

function onNode(run: ExecutionOut, event: RunEvent, change: NodeChange): ExecutionOut {
  const nodes = run.nodes.map((node) =>
    node.node_id === event.node_id
      ? { ...node, ...change, started_at: node.started_at ?? event.at }
      : node,
  );
  return { ...run, nodes };
}
