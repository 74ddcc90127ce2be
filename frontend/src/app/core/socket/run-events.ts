import { Service, computed, effect, inject, linkedSignal } from '@angular/core';
import { listExecutionEvents } from '@core/api';
import { Reachability } from '@core/http/reachability';
import { LiveSocket, type SocketState } from './live-socket';
import { type RunEventHandler, SeenEvents } from './run-event';

/** `connected` also before the first connection is made: there is nothing to say yet. */
export type ConnectionState = 'connected' | 'reconnecting' | 'offline';

const POLL_MS = 5_000;

/**
 * Events of runs as they happen: from the socket, and while that is down by asking every 5 s.
 * Each event is delivered once, whichever way it came.
 */
@Service()
export class RunEvents {
  private readonly socket = inject(LiveSocket);
  private readonly reachability = inject(Reachability);
  private readonly ready = computed(() => this.socket.state() === 'ready');
  /** Whether there has been a connection, or a failed try of one. */
  private readonly tried = linkedSignal<SocketState, boolean>({
    source: this.socket.state,
    computation: (state, before) =>
      state === 'ready' ||
      (state === 'closed' && before?.source === 'connecting') ||
      (before?.value ?? false),
  });

  /** `reconnecting`: the socket is down, but questions are answered. */
  readonly connection = computed<ConnectionState>(() => {
    const tried = this.tried();
    if (this.reachability.isAway()) return 'offline';
    return this.ready() || !tried ? 'connected' : 'reconnecting';
  });

  constructor() {
    effect((onCleanup) => {
      if (this.ready()) {
        if (this.reachability.isAway()) void this.reachability.check();
        return;
      }
      const timer = setInterval(() => void this.reachability.check(), POLL_MS);
      onCleanup(() => clearInterval(timer));
    });
  }

  /** Calls `handler` for each event of the run after sequence `after`. Returns the way to stop. */
  watch(executionId: string, after: number, handler: RunEventHandler): () => void {
    const seen = new SeenEvents(after);
    const unsubscribe = this.socket.watchRun(executionId, seen, handler);
    const timer = setInterval(() => void this.poll(executionId, seen, handler), POLL_MS);
    return () => {
      unsubscribe();
      clearInterval(timer);
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
    for (const event of data?.items ?? []) {
      if (seen.accept(event.sequence)) handler(event);
    }
  }
}
