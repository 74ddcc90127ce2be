import { DestroyRef, inject, Service, signal } from '@angular/core';

const EVERY_MS = 10_000;

/** The time that "3 min ago" is counted from; moves on by itself, so that no page goes stale. */
@Service()
export class Ticking {
  private readonly moment = signal(Date.now());

  /** Milliseconds since 1970, at most ten seconds old. */
  readonly nowMs = this.moment.asReadonly();

  constructor() {
    const timer = setInterval(() => this.moment.set(Date.now()), EVERY_MS);
    inject(DestroyRef).onDestroy(() => clearInterval(timer));
  }
}
