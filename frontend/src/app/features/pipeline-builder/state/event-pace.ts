import { inject, InjectionToken } from '@angular/core';
import { type RunEvent, type RunEventHandler } from '@core/socket/run-event';

/**
 * How long the start of a node is on show at least, in ms. A run of a few milliseconds would
 * otherwise be over before anything was seen of it; 0 shows each event as it comes.
 */
export const SHOWN_AT_LEAST_MS = new InjectionToken<number>('shown at least', {
  factory: () => (matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 60),
});
/** So long is shared among events that wait, however many came at once. */
const LATEST_MS = 600;
/** A moment in which something can be drawn: each of the last few starts has it, also after then. */
const DRAWN_MS = 20;
const FEW = 20;

/** Hands events on in their order, with a moment in between after each start of a node. */
export class EventPace {
  private readonly stepMs = inject(SHOWN_AT_LEAST_MS);
  private waiting: RunEvent[] = [];
  private lastAtMs = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly show: RunEventHandler) {}

  receive(event: RunEvent): void {
    this.waiting.push(event);
    this.lastAtMs = performance.now();
    if (this.timer === undefined) this.showNext();
  }

  /** Forgets what was not shown yet. */
  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting = [];
  }

  private showNext(): void {
    this.timer = undefined;
    for (let event = this.waiting.shift(); event; event = this.waiting.shift()) {
      const pause = event.type === 'agent_started' ? this.pauseMs() : 0;
      if (pause) this.timer = setTimeout(() => this.showNext(), pause);
      this.show(event);
      if (pause) return;
    }
  }

  private pauseMs(): number {
    const starts = this.waiting.filter(({ type }) => type === 'agent_started').length;
    const leftMs = Math.max(0, this.lastAtMs + LATEST_MS - performance.now());
    const leastMs = starts < FEW ? DRAWN_MS : 0;
    return Math.min(this.stepMs, Math.max(leastMs, leftMs / (starts + 1)));
  }
}
