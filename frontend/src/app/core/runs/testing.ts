import type {
  AgentCompletedData,
  EventOut,
  ExecutionFinishedData,
  ExecutionOut,
  NodeErrorData,
  NodeRunOut,
  TradeOut,
} from '@core/api';

const START = '2026-11-21T12:00:00.000Z';

const head = (sequence: number) => ({
  sequence,
  at: new Date(Date.parse(START) + sequence * 1000).toISOString(),
  execution_id: 'run-1',
});

/** Events of the run `run-1`, one second apart by their sequence. */
export const told = {
  runStarted: (sequence: number): EventOut => ({
    ...head(sequence),
    type: 'execution_started',
    data: { symbol: 'AAPL', mode: 'simulation', as_of: START },
  }),
  started: (sequence: number, node_id: string, attempt = 1): EventOut => ({
    ...head(sequence),
    node_id,
    type: 'agent_started',
    data: { agent_type: node_id, attempt },
  }),
  completed: (
    sequence: number,
    node_id: string,
    data: Partial<AgentCompletedData> = {},
  ): EventOut => ({
    ...head(sequence),
    node_id,
    type: 'agent_completed',
    data: {
      agent_type: node_id,
      status: 'succeeded',
      runtime_ms: 12,
      cost: '0',
      cost_so_far: '0',
      port: 'out',
      headline: null,
      ...data,
    },
  }),
  traded: (sequence: number, node_id: string, data: TradeOut): EventOut => ({
    ...head(sequence),
    node_id,
    type: 'trade_executed',
    data,
  }),
  waiting: (sequence: number, reason: string, wake_at: string | null = null): EventOut => ({
    ...head(sequence),
    type: 'waiting',
    data: { wake_at, waits_for: 'trigger', reason },
  }),
  failed: (sequence: number, node_id: string, data: Partial<NodeErrorData> = {}): EventOut => ({
    ...head(sequence),
    node_id,
    type: 'error',
    data: { code: 'node_timeout', message: 'Too slow', ...data },
  }),
  finished: (sequence: number, data: Partial<ExecutionFinishedData> = {}): EventOut => ({
    ...head(sequence),
    type: 'execution_finished',
    data: { status: 'succeeded', outcome: null, error: null, cost: '0', ...data },
  }),
};

/** A node as it is before it ran, with `change` applied. */
export function nodeRun(change: Partial<NodeRunOut> & { node_id: string }): NodeRunOut {
  return {
    agent_type: change.node_id,
    name: change.node_id,
    status: 'pending',
    attempts: 0,
    started_at: null,
    finished_at: null,
    runtime_ms: null,
    cost: '0',
    input: null,
    output: null,
    port: null,
    reasoning: null,
    error: null,
    tokens: null,
    engine: null,
    wake_at: null,
    waits_for: null,
    ...change,
  };
}

/** A run that has just started, with `change` applied. */
export function execution(change: Partial<ExecutionOut> = {}): ExecutionOut {
  return {
    id: 'run-1',
    pipeline_id: 'pipeline-1',
    pipeline_name: 'Swing',
    pipeline_deleted: false,
    pipeline_version: 1,
    mode: 'simulation',
    symbol: 'AAPL',
    symbols: ['AAPL'],
    status: 'running',
    cost: '0',
    seed: 1,
    started_by: 'manual',
    signal_id: null,
    as_of: START,
    real_time: false,
    created_at: START,
    started_at: START,
    finished_at: null,
    wake_at: null,
    waits_for: null,
    correlation_id: 'c-1',
    rerun_of: null,
    last_sequence: 0,
    outcome: null,
    graph: { nodes: [], edges: [] },
    nodes: [nodeRun({ node_id: 'data' }), nodeRun({ node_id: 'strategy' })],
    trade: null,
    report: null,
    error: null,
    data: null,
    ...change,
  };
}
