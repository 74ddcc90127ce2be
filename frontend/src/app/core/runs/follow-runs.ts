import { DestroyRef, inject } from '@angular/core';
import type { RunEvent } from '@core/socket/run-event';
import { RunEvents } from '@core/socket/run-events';

/** A run of a few milliseconds begins and ends within one of these, and is one refresh. */
const MOMENT_MS = 300;
/** Events that change what a list says of runs. */
const TELLING: ReadonlySet<RunEvent['type']> = new Set([
  'execution_started',
  'execution_finished',
  'waiting',
]);

/**
 * Calls `refresh` when any run of the user has begun, begun to wait or ended: once for all of a
 * moment. Call it where things are injected.
 */
export function followRuns(refresh: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = inject(RunEvents).watchAll(({ type }) => {
    if (!TELLING.has(type)) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      refresh();
    }, MOMENT_MS);
  });
  inject(DestroyRef).onDestroy(() => {
    stop();
    clearTimeout(timer);
  });
}
