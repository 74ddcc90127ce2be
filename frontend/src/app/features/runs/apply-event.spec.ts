import type { RunEvent } from '@core/socket/run-event';
import { applyEvent } from './apply-event';
import { execution } from './testing';

function event(type: RunEvent['type'], data: object, node_id: string | null = null): RunEvent {
  return {
    sequence: 5,
    type,
    at: '2026-11-21T12:00:01Z',
    execution_id: 'run-1',
    node_id,
    data: { ...data },
  };
}

describe('applyEvent', () => {
  it('marks a node as running with its attempt', () => {
    const run = applyEvent(execution(), event('agent_started', { attempt: 2 }, 'data'));
    expect(run.nodes[0]).toMatchObject({ status: 'running', attempts: 2 });
    expect(run.nodes[1]?.status).toBe('pending');
    expect(run.last_sequence).toBe(5);
  });

  it('takes result, time and cost from a completed node', () => {
    const data = {
      status: 'succeeded',
      runtime_ms: 12,
      cost: '0.1',
      cost_so_far: '0.3',
      port: 'out',
    };
    const run = applyEvent(execution(), event('agent_completed', data, 'data'));
    expect(run.nodes[0]).toMatchObject({ status: 'succeeded', runtime_ms: 12, port: 'out' });
    expect(run.cost).toBe('0.3');
  });

  it('waits until the time that it is told', () => {
    const data = { wake_at: '2026-11-21T13:00:00Z', waits_for: 'trigger', reason: 'closed' };
    const run = applyEvent(execution(), event('waiting', data, 'data'));
    expect(run).toMatchObject({ status: 'waiting', wake_at: data.wake_at, waits_for: 'trigger' });
    expect(run.outcome).toBe('closed');
    expect(run.nodes[0]?.status).toBe('waiting');
  });

  it('closes the run with its outcome', () => {
    const data = { status: 'succeeded', cost: '0.4', outcome: 'No trade: flat' };
    const run = applyEvent(execution(), event('execution_finished', data));
    expect(run).toMatchObject({ status: 'succeeded', cost: '0.4', outcome: 'No trade: flat' });
    expect(run.finished_at).toBe('2026-11-21T12:00:01Z');
  });

  it('lets events that it does not know pass', () => {
    expect(applyEvent(execution(), event('new_thing' as RunEvent['type'], {})).status).toBe(
      'running',
    );
  });
});
