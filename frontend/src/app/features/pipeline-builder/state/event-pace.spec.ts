import { TestBed } from '@angular/core/testing';
import { told } from '@core/runs/testing';
import { type RunEvent } from '@core/socket/run-event';
import { EventPace, SHOWN_AT_LEAST_MS } from './event-pace';

function event(sequence: number, type: RunEvent['type']): RunEvent {
  if (type === 'execution_started') return told.runStarted(sequence);
  return type === 'agent_started' ? told.started(sequence, 'a') : told.completed(sequence, 'a');
}

describe('EventPace', () => {
  let shown: number[];

  function paceOf(stepMs: number): EventPace {
    shown = [];
    TestBed.configureTestingModule({
      providers: [{ provide: SHOWN_AT_LEAST_MS, useValue: stepMs }],
    });
    return TestBed.runInInjectionContext(
      () => new EventPace(({ sequence }) => void shown.push(sequence)),
    );
  }

  beforeEach(() => vi.useFakeTimers());
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  it('shows the start of a node for a moment before what comes next', () => {
    const pace = paceOf(60);
    pace.receive(event(1, 'execution_started'));
    pace.receive(event(2, 'agent_started'));
    pace.receive(event(3, 'agent_completed'));
    pace.receive(event(4, 'agent_started'));
    expect(shown).toEqual([1, 2]);
    vi.advanceTimersByTime(60);
    expect(shown).toEqual([1, 2, 3, 4]);
  });

  it('catches up with a long backlog in a bounded time', () => {
    const pace = paceOf(60);
    for (let i = 1; i <= 100; i++) pace.receive(event(i, 'agent_started'));
    vi.advanceTimersByTime(1_000);
    expect(shown).toHaveLength(100);
  });

  it('shows each of a few starts also where drawing took all the time there was', () => {
    const pace = paceOf(60);
    for (let i = 1; i <= 3; i++) pace.receive(event(i, 'agent_started'));
    const later = performance.now() + 2_000;
    vi.spyOn(performance, 'now').mockImplementation(() => later);
    vi.advanceTimersByTime(60);
    expect(shown).toEqual([1, 2]);
    vi.advanceTimersByTime(20);
    expect(shown).toEqual([1, 2, 3]);
  });

  it('shows everything at once when nothing shall move', () => {
    const pace = paceOf(0);
    for (let i = 1; i <= 3; i++) pace.receive(event(i, 'agent_started'));
    expect(shown).toEqual([1, 2, 3]);
  });

  it('forgets what waits when it is cleared', () => {
    const pace = paceOf(60);
    pace.receive(event(1, 'agent_started'));
    pace.receive(event(2, 'agent_completed'));
    pace.clear();
    vi.advanceTimersByTime(1_000);
    expect(shown).toEqual([1]);
    pace.receive(event(3, 'agent_completed'));
    expect(shown).toEqual([1, 3]);
  });
});
