import { Service, computed, inject, signal } from '@angular/core';
import { listExecutionEvents } from '@core/api';
import { LiveSocket } from './live-socket';
import { type RunEventHandler, SeenEvents } from './run-event';

export type ConnectionState = 'live' | 'polling' | 'offline';

const POLL_MS = 5_000;

/**
 * Events of runs as they happen: from the socket, and while that is down by asking every 5 s.
 * Each event is delivered once, whichever way it came.
 */
@Service()
export class RunEvents {
  private readonly socket = inject(LiveSocket);
  private readonly pollWorks = signal(true);
  private readonly watching = signal(0);

  /** `live`: the socket is up. `polling`: it is not, but questions are answered. Else `offline`. */
  readonly connection = computed<ConnectionState>(() => {
    if (this.socket.state() === 'ready') return 'live';
    return this.pollWorks() && this.watching() > 0 ? 'polling' : 'offline';
  });

  /** Calls `handler` for each event of the run after sequence `after`. Returns the way to stop. */
  watch(executionId: string, after: number, handler: RunEventHandler): () => void {
    const seen = new SeenEvents(after);
    const unsubscribe = this.socket.watchRun(executionId, seen, handler);
    const timer = setInterval(() => void this.poll(executionId, seen, handler), POLL_MS);
    this.watching.update((count) => count + 1);
    return () => {
      unsubscribe();
      clearInterval(timer);
      this.watching.update((count) => count - 1);
    };
  }

  /** Calls `handler` for every event of every run of the user. Socket only. */
  watchAll(handler: RunEventHandler): () => void {
    return this.socket.watchUser(handler);
  }

  private async poll(executionId: string, seen: SeenEvents, handler: RunEventHandler) {
    if (this.socket.state() === 'ready') return;
    const { data } = await listExecutionEvents({
      path: { execution_id: executionId },
      query: { after: seen.resumeAfter },
    });
    this.pollWorks.set(data !== undefined);
    for (const event of data?.items ?? []) {
      if (seen.accept(event.sequence)) handler(event);
    }
  }
}
