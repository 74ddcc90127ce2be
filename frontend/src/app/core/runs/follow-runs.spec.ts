import { createEnvironmentInjector, EnvironmentInjector } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import type { RunEventHandler } from '@core/socket/run-event';
import { RunEvents } from '@core/socket/run-events';
import { followRuns } from './follow-runs';
import { told } from './testing';

describe('followRuns', () => {
  let tell: RunEventHandler = () => undefined;
  const stop = vi.fn();
  const refresh = vi.fn();

  function follow(): EnvironmentInjector {
    const watchAll = (handler: RunEventHandler) => {
      tell = handler;
      return stop;
    };
    TestBed.configureTestingModule({
      providers: [{ provide: RunEvents, useValue: { watchAll } }],
    });
    const page = createEnvironmentInjector([], TestBed.inject(EnvironmentInjector));
    page.runInContext(() => followRuns(refresh));
    return page;
  }

  beforeEach(() => {
    vi.useFakeTimers();
    refresh.mockReset();
  });
  afterEach(() => vi.useRealTimers());

  it('refreshes once for all that begins, waits and ends within a moment', () => {
    follow();
    tell(told.runStarted(1));
    tell(told.waiting(2, 'Closed'));
    tell(told.finished(3));
    vi.advanceTimersByTime(1_000);
    expect(refresh).toHaveBeenCalledTimes(1);
    tell(told.finished(4));
    vi.advanceTimersByTime(1_000);
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  it('leaves alone what happens within a run', () => {
    follow();
    tell(told.started(2, 'data'));
    vi.advanceTimersByTime(1_000);
    expect(refresh).not.toHaveBeenCalled();
  });

  it('ends with the page', () => {
    const page = follow();
    tell(told.finished(1));
    page.destroy();
    vi.advanceTimersByTime(1_000);
    expect(stop).toHaveBeenCalled();
    expect(refresh).not.toHaveBeenCalled();
  });
});
