import { TestBed } from '@angular/core/testing';
import { type ExecutionOut, type NodeRunOut } from '@core/api';
import { ProblemError } from '@core/http/problem-error';
import { told } from '@core/runs/testing';
import { type RunEvent, type RunEventHandler } from '@core/socket/run-event';
import { RunEvents } from '@core/socket/run-events';
import { EditorApi } from './editor-api';
import { SHOWN_AT_LEAST_MS } from './event-pace';
import { RunStore } from './run-store';

/** Only what the store reads; a field that the API gains later does not matter here. */
const NODE = {
  node_id: 'strategy',
  agent_type: 'strategy',
  name: 'Strategy',
  status: 'succeeded',
  attempts: 1,
  started_at: null,
  finished_at: null,
  runtime_ms: 12,
  cost: '0.01',
  input: {},
  output: { strategy: { action: 'BUY' } },
  port: 'out',
  reasoning: 'Because.',
  error: null,
  tokens: null,
  engine: 'rules',
  wake_at: null,
  waits_for: null,
} as Partial<NodeRunOut> as NodeRunOut;

const EXECUTION = {
  id: 'run-1',
  pipeline_id: 'p',
  pipeline_name: 'P',
  pipeline_deleted: false,
  pipeline_version: 1,
  mode: 'simulation',
  symbol: 'AAPL',
  symbols: ['AAPL'],
  status: 'succeeded',
  cost: '0.01',
  seed: 1,
  as_of: '2026-01-01T00:00:00Z',
  created_at: '2026-01-01T00:00:00Z',
  started_at: '2026-01-01T00:00:00Z',
  finished_at: '2026-01-01T00:00:01Z',
  wake_at: null,
  waits_for: null,
  correlation_id: 'c',
  last_sequence: 4,
  outcome: 'No trade: weak trend',
  graph: { nodes: [], edges: [] },
  nodes: [NODE],
  trade: null,
  report: null,
  error: null,
  data: null,
} as Partial<ExecutionOut> as ExecutionOut;

class FakeEvents {
  handler: RunEventHandler | null = null;
  after = -1;

  watch(_id: string, after: number, handler: RunEventHandler): () => void {
    this.handler = handler;
    this.after = after;
    return () => (this.handler = null);
  }

  tell(event: RunEvent): void {
    this.handler?.(event);
  }
}

describe('run store', () => {
  let events: FakeEvents;
  let runs: RunStore;
  const api = {
    run: vi.fn(),
    execution: vi.fn(),
    cancel: vi.fn(),
  };

  beforeEach(() => {
    events = new FakeEvents();
    vi.resetAllMocks();
    api.run.mockResolvedValue({ execution_id: 'run-1', status: 'pending' });
    api.execution.mockResolvedValue(EXECUTION);
    TestBed.configureTestingModule({
      providers: [
        RunStore,
        { provide: EditorApi, useValue: api },
        { provide: RunEvents, useValue: events },
        { provide: SHOWN_AT_LEAST_MS, useValue: 0 },
      ],
    });
    runs = TestBed.inject(RunStore);
  });

  const settle = () => new Promise((resolve) => setTimeout(resolve));

  it('follows a run from its first event to the full record', async () => {
    expect(await runs.start('p', ['strategy'], { symbol: 'AAPL' })).toBeNull();
    expect(events.after).toBe(0);
    expect(runs.active()).toBe(true);
    events.tell(told.started(1, 'strategy'));
    expect(runs.view()?.nodes['strategy']?.status).toBe('running');
    events.tell(told.completed(2, 'strategy'));
    events.tell(told.finished(3, { cost: '0.01' }));
    expect(runs.active()).toBe(false);
    expect(events.handler).toBeNull();
    await settle();
    expect(runs.recordByNode().get('strategy')?.reasoning).toBe('Because.');
    expect(runs.decisionNode()).toBe('strategy');
  });

  it('returns the refusal and shows no run', async () => {
    const refusal = new ProblemError({
      title: 'Busy',
      status: 409,
      code: 'already_running',
      detail: 'Busy',
    });
    api.run.mockRejectedValue(refusal);
    expect(await runs.start('p', [], {})).toBe(refusal);
    expect(runs.view()).toBeNull();
    expect(runs.active()).toBe(false);
  });

  it('keeps a waiting run on show when another is refused, and follows it on', async () => {
    api.execution.mockResolvedValue({ ...EXECUTION, status: 'waiting', last_sequence: 7 });
    await runs.attach('run-1');
    expect(runs.paused()).toBe(true);
    api.run.mockRejectedValue(new ProblemError({ title: '', status: 409, code: 'x', detail: '' }));
    await runs.start('p', [], {});
    expect(runs.view()).toMatchObject({ executionId: 'run-1', status: 'waiting' });
    expect(events.after).toBe(7);
  });

  it('makes room for another run while one waits', async () => {
    api.execution.mockResolvedValue({ ...EXECUTION, status: 'waiting' });
    await runs.attach('run-1');
    api.run.mockResolvedValue({ execution_id: 'run-2', status: 'pending' });
    await runs.start('p', ['strategy'], { symbol: 'NVDA' });
    expect(runs.view()).toMatchObject({ executionId: 'run-2', symbol: 'NVDA' });
    expect(runs.paused()).toBe(false);
  });

  it('picks up a run that goes on from the events its record knows', async () => {
    api.execution.mockResolvedValue({ ...EXECUTION, status: 'running', last_sequence: 7 });
    await runs.attach('run-1');
    expect(runs.active()).toBe(true);
    expect(events.after).toBe(7);
  });

  it('does not take back a run that was started while an older answer was on its way', async () => {
    const answer = Promise.withResolvers<ExecutionOut>();
    api.execution.mockReturnValueOnce(answer.promise);
    const attached = runs.attach('run-1');
    await runs.start('p', ['strategy'], {});
    events.tell(told.finished(1, { cost: '0.01' }));
    answer.resolve({ ...EXECUTION, status: 'running' });
    await attached;
    await settle();
    expect(runs.active()).toBe(false);
  });

  it('does not follow a run that is over', async () => {
    await runs.attach('run-1');
    expect(events.handler).toBeNull();
    expect(runs.record()?.outcome).toBe('No trade: weak trend');
  });

  it('shows the result when a stop came too late', async () => {
    await runs.start('p', ['strategy'], {});
    api.cancel.mockRejectedValue(
      new ProblemError({ title: '', status: 409, code: 'already_finished', detail: '' }),
    );
    await runs.stop();
    expect(runs.view()?.status).toBe('succeeded');
  });

  it('is taken off the canvas', async () => {
    await runs.start('p', ['strategy'], {});
    runs.dismiss();
    expect(runs.view()).toBeNull();
    expect(events.handler).toBeNull();
  });
});
