import type { ExecutionOut, NodeRunOut } from '@core/api';

const START = '2026-11-21T12:00:00.000Z';

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
