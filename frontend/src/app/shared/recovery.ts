import { InjectionToken, type Signal, signal } from '@angular/core';

export interface Recovery {
  /** Whether the server is away, and asked again and again. */
  readonly awaited: Signal<boolean>;
  /** How often it came back. */
  readonly count: Signal<number>;
}

/** The connection to the server. */
export const RECOVERY = new InjectionToken<Recovery>('recovery', {
  providedIn: 'root',
  factory: () => ({ awaited: signal(false).asReadonly(), count: signal(0).asReadonly() }),
});
