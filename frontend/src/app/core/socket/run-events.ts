import { HttpClient } from '@angular/common/http';
import { Service, computed, effect, inject, signal } from '@angular/core';
import { firstValueFrom } from 'rxjs';
import { listExecutionEvents } from '@core/api';
import { LiveSocket } from './live-socket';
import { type RunEventHandler, SeenEvents } from './run-event';

export type ConnectionState = 'connecting' | 'live' | 'polling' | 'offline';

const POLL_MS = 5_000;

/**
 * Events of runs as they happen: from the socket, and while that is down by asking every 5 s.
 * Each event is delivered once, whichever way it came.
 */
@Service()
export class RunEvents {
  private readonly http = inject(HttpClient);
  private readonly socket = inject(LiveSocket);
  /** Whether the last question was answered; null before the first one. */
  private readonly answered = signal<boolean | null>(null);
  private watching = 0;

  /** `live`: the socket is up. `polling`: it is not, but questions are answered. Else `offline`. */
  readonly connection = computed<ConnectionState>(() => {
    if (this.socket.state() === 'ready') return 'live';
    const answered = this.answered();
    if (answered === null) return 'connecting';
    return answered ? 'polling' : 'offline';
  });

  constructor() {
    effect((onCleanup) => {
      if (this.socket.state() === 'ready') return;
      const timer = setInterval(() => void this.probe(), POLL_MS);
      onCleanup(() => clearInterval(timer));
    });
  }

  /** Calls `handler` for each event of the run after sequence `after`. Returns the way to stop. */
  watch(executionId: string, after: number, handler: RunEventHandler): () => void {
    const seen = new SeenEvents(after);
    const unsubscribe = this.socket.watchRun(executionId, seen, handler);
    const timer = setInterval(() => void this.poll(executionId, seen, handler), POLL_MS);
    this.watching += 1;
    return () => {
      unsubscribe();
      clearInterval(timer);
      this.watching -= 1;
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
    this.answered.set(data !== undefined);
    for (const event of data?.items ?? []) {
      if (seen.accept(event.sequence)) handler(event);
    }
  }

  /** With no run to ask about, asks whether the server is there at all. */
  private async probe(): Promise<void> {
    if (this.watching > 0) return;
    const health = firstValueFrom(this.http.get('/health'));
    this.answered.set(
      await health.then(
        () => true,
        () => false,
      ),
    );
  }
}
