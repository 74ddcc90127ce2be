import type { EventOut, TradeOut } from '@core/api';
import { reduceRun } from './reduce-run';
import { fromRecord, hasGap, type RunProgress, startRun, withProgress } from './run-progress';
import { execution, nodeRun, told } from './testing';

const accepted = () => startRun('run-1', ['data', 'strategy'], 'AAPL', '2026-11-21T12:00:30Z');
const after = (events: readonly EventOut[], run = accepted()) => events.reduce(reduceRun, run);

const TRADE: TradeOut = {
  action: 'buy',
  symbol: 'AAPL',
  quantity: '1',
  entry_price: '2',
  stop_loss: '1',
  targets: [],
  fills: [],
  status: 'filled',
  reason: '',
};

/** A node that fails once and a run that waits: everything that can be told of a run. */
const STORY: readonly EventOut[] = [
  told.runStarted(1),
  told.started(2, 'data'),
  told.failed(3, 'data', { attempt: 1, retry_in_s: 1 }),
  told.started(4, 'data', 2),
  told.completed(5, 'data', { cost: '0.1', cost_so_far: '0.1', headline: 'Bullish' }),
  told.waiting(6, 'Market closed', '2026-11-21T13:00:00Z'),
  told.started(7, 'strategy'),
  told.completed(8, 'strategy', { status: 'failed', cost_so_far: '0.3' }),
  told.failed(9, 'strategy'),
  told.traded(10, 'strategy', TRADE),
  told.finished(11, { status: 'failed', cost: '0.3', outcome: 'Failed' }),
];

/** Deterministic shuffles: each seed gives another order. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const left = [...items];
  const out: T[] = [];
  for (let state = seed; left.length; ) {
    state = (state * 1103515245 + 12345) % 2147483648;
    out.push(...left.splice(Math.floor((state / 2147483648) * left.length), 1));
  }
  return out;
}

describe('reduceRun', () => {
  it('follows a run from its start to its outcome', () => {
    expect(after(STORY.slice(0, 4)).nodes['data']).toMatchObject({ status: 'running', attempt: 2 });
    expect(after(STORY.slice(0, 5))).toMatchObject({ cost: '0.1', status: 'running' });
    expect(after(STORY.slice(0, 6))).toMatchObject({
      status: 'waiting',
      waitsFor: 'trigger',
      outcome: 'Market closed',
      wakeAt: '2026-11-21T13:00:00Z',
    });
    expect(after(STORY.slice(0, 7))).toMatchObject({
      status: 'running',
      waitsFor: null,
      outcome: null,
    });
    const over = after(STORY);
    expect(over).toMatchObject({ status: 'failed', outcome: 'Failed', cost: '0.3', trade: TRADE });
    expect(over.nodes['data']).toMatchObject({ headline: 'Bullish', error: null, attempt: 2 });
    expect(over.nodes['strategy']).toMatchObject({ status: 'failed', error: 'Too slow' });
    expect(over.startedAt).toBe(STORY[0]?.at);
    expect(over.finishedAt).toBe(STORY[10]?.at);
  });

  it('comes to the same whatever the order of arrival', () => {
    const inOrder = after(STORY);
    for (let seed = 1; seed <= 100; seed++)
      expect(after(shuffled(STORY, seed)), `order ${seed}`).toEqual(inOrder);
  });

  it('takes a pair of events in either order at every place', () => {
    for (let i = 0; i + 1 < STORY.length; i++) {
      const swapped = [...STORY.slice(0, i), STORY[i + 1]!, STORY[i]!];
      expect(after(swapped)).toEqual(after(STORY.slice(0, i + 2)));
    }
  });

  it('lets an event that it contains change nothing', () => {
    const run = after(STORY.slice(0, 5));
    for (const event of STORY.slice(0, 5)) expect(reduceRun(run, event)).toBe(run);
    const ahead = reduceRun(run, told.started(9, 'strategy'));
    expect(reduceRun(ahead, told.started(9, 'strategy'))).toBe(ahead);
  });

  it('takes a node that is told again by another worker as one node', () => {
    const once = after([
      told.started(1, 'data'),
      told.completed(2, 'data', { cost: '0.1', cost_so_far: '0.1' }),
    ]);
    const again = after(
      [
        told.started(1003, 'data'),
        told.completed(1004, 'data', { cost: '0.1', cost_so_far: '0.1' }),
      ],
      once,
    );
    expect(again.cost).toBe('0.1');
    expect(again.nodes['data']).toMatchObject({ status: 'succeeded', attempt: 1, cost: '0.1' });
    expect(Object.keys(again.nodes)).toEqual(['data', 'strategy']);
  });

  it('says that events are missing until they came or the record was read', () => {
    const gap = after([told.runStarted(1), told.started(3, 'strategy')]);
    expect(hasGap(gap)).toBe(true);
    expect(gap.nodes['strategy']?.status).toBe('running');
    expect(hasGap(reduceRun(gap, told.started(2, 'data')))).toBe(false);
    expect(hasGap(fromRecord(execution({ last_sequence: 2 }), gap))).toBe(false);
    expect(hasGap(fromRecord(execution({ last_sequence: 1 }), gap))).toBe(true);
  });

  it('leaves other nodes and other runs the same objects', () => {
    const before = accepted();
    const run = reduceRun(before, told.started(1, 'data'));
    expect(run.nodes['strategy']).toBe(before.nodes['strategy']);
    expect(reduceRun(before, { ...told.started(1, 'data'), execution_id: 'other' })).toBe(before);
  });

  it('lets an event of a newer server pass', () => {
    const odd = { ...told.runStarted(1), type: 'new_thing' } as unknown as EventOut;
    expect(reduceRun(accepted(), odd)).toMatchObject({ status: 'pending', known: 1 });
  });
});

describe('a run by its record', () => {
  const running = () =>
    execution({
      last_sequence: 4,
      nodes: [nodeRun({ node_id: 'data', status: 'succeeded', attempts: 1 })],
    });

  it('goes on from the events that the record contains', () => {
    const run = fromRecord(running());
    expect(reduceRun(run, told.started(4, 'data'))).toBe(run);
    expect(reduceRun(run, told.finished(5)).status).toBe('succeeded');
  });

  it('is not taken back by a record that was overtaken', () => {
    const run = after(
      [told.started(5, 'data', 2), told.waiting(6, 'Closed')],
      fromRecord(running()),
    );
    const read = fromRecord(running(), run);
    expect(read).toMatchObject({ status: 'waiting', outcome: 'Closed', known: 6 });
    expect(read.nodes['data']).toMatchObject({ status: 'running', attempt: 2 });
  });

  it('shows a node as running whose row is not written yet', () => {
    const run = reduceRun(accepted(), told.started(1, 'data'));
    const read = fromRecord(execution({ last_sequence: 1 }), run);
    expect(read.nodes['data']?.status).toBe('running');
    const over = execution({ last_sequence: 1, status: 'cancelled' });
    expect(fromRecord(over, run).nodes['data']?.status).toBe('pending');
  });

  it('keeps the line that only an event tells', () => {
    const run = after([told.started(1, 'data'), told.completed(2, 'data', { headline: 'Up' })]);
    expect(fromRecord(running(), run).nodes['data']?.headline).toBe('Up');
  });

  it('shows the record with what was told since', () => {
    const record = running();
    const run: RunProgress = after([told.started(5, 'data', 2)], fromRecord(record));
    expect(withProgress(record, run).nodes[0]).toMatchObject({ status: 'running', attempts: 2 });
    expect(withProgress(record, fromRecord(record))).toEqual(record);
  });
});
