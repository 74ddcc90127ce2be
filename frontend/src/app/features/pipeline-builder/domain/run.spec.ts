import { fromRecord, type RunEventLike, type RunRecord, startRun, withEvent } from './run';

let sequence = 0;
const event = (
  type: string,
  node_id: string | null,
  data: Record<string, unknown>,
): RunEventLike => ({
  sequence: ++sequence,
  type,
  at: '2026-01-02T10:00:00Z',
  node_id,
  data,
});

function record(change: Partial<RunRecord>): RunRecord {
  return {
    id: 'e',
    status: 'succeeded',
    symbol: 'AAPL',
    cost: '0',
    outcome: null,
    started_at: null,
    finished_at: null,
    created_at: '2026-01-02T10:00:00Z',
    last_sequence: 9,
    nodes: [],
    error: null,
    ...change,
  };
}

const nodeRecord = (node_id: string, output: Record<string, unknown> | null) => ({
  node_id,
  status: 'succeeded' as const,
  attempts: 1,
  runtime_ms: 1,
  cost: '0',
  port: null,
  error: null,
  output,
});

describe('run view', () => {
  beforeEach(() => (sequence = 0));
  const accepted = () => startRun('e', ['a', 'b'], 'AAPL', '2026-01-02T10:00:00Z');

  it('follows a node from waiting to done, with its time and cost', () => {
    let view = withEvent(accepted(), event('execution_started', null, {}));
    expect(view.nodes['a']?.status).toBe('pending');
    view = withEvent(view, event('agent_started', 'a', { attempt: 1 }));
    expect(view.nodes['a']?.status).toBe('running');
    view = withEvent(
      view,
      event('agent_completed', 'a', {
        status: 'succeeded',
        runtime_ms: 12.5,
        cost: '0.001',
        cost_so_far: '0.002',
        headline: 'Bullish',
      }),
    );
    expect(view.nodes['a']).toMatchObject({
      status: 'succeeded',
      runtime_ms: 12.5,
      headline: 'Bullish',
    });
    expect(view.cost).toBe('0.002');
  });

  it('leaves other nodes the same objects', () => {
    const before = accepted();
    const after = withEvent(before, event('agent_started', 'a', {}));
    expect(after.nodes['b']).toBe(before.nodes['b']);
  });

  it('ignores an event it has seen', () => {
    const started = event('agent_started', 'a', {});
    const view = withEvent(accepted(), started);
    expect(withEvent(view, started)).toBe(view);
  });

  it('shows a pause with its reason and goes on after it', () => {
    const waiting = withEvent(accepted(), event('waiting', 'a', { reason: 'Market closed' }));
    expect(waiting).toMatchObject({ status: 'waiting', waitingReason: 'Market closed' });
    const resumed = withEvent(waiting, event('agent_started', 'a', { attempt: 2 }));
    expect(resumed).toMatchObject({ status: 'running', waitingReason: null });
  });

  it('ends with the outcome in words', () => {
    const done = withEvent(
      accepted(),
      event('execution_finished', null, {
        status: 'succeeded',
        cost: '0',
        outcome: 'No trade: weak',
      }),
    );
    expect(done).toMatchObject({ status: 'succeeded', outcome: 'No trade: weak' });
  });

  it('is replaced by the stored record', () => {
    const view = fromRecord(record({ nodes: [nodeRecord('a', null)] }), accepted());
    expect(view.nodes['a']?.status).toBe('succeeded');
    expect(view.sequence).toBe(9);
  });
});
