import { computed, DestroyRef, inject, Service, signal } from '@angular/core';
import { listKillSwitches, setKillSwitch, type SwitchList, type SwitchOut } from '@core/api';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { pollWhileVisible } from '@core/http/poll';
import { unwrap } from '@core/http/unwrap';
import { switchesOn, type SwitchState } from './switch-words';

/** A halt by file, or by an administrator, is pushed to nobody. */
const EVERY_MS = 10_000;

/** The switches that stop trading, and those that are on. */
@Service()
export class Switches {
  private readonly known = signal<SwitchList | null>(null);
  private readonly failure = signal<ProblemError | null>(null);

  /** Null until they are known. */
  readonly items = computed(() => this.known()?.items ?? null);
  readonly error = this.failure.asReadonly();
  /** The strictest first. */
  readonly on = computed(() => switchesOn(this.items() ?? []));
  /** Whether nobody looks at orders and positions. */
  readonly unwatched = computed(() => this.known()?.order_service === 'away');

  /** Keeps up to date until the owner is gone. Call it where things are injected. */
  watch(): void {
    void this.reload();
    pollWhileVisible(EVERY_MS, () => this.reload());
    inject(DestroyRef).onDestroy(() => {
      this.known.set(null);
      this.failure.set(null);
    });
  }

  async reload(): Promise<void> {
    try {
      this.known.set(await unwrap(listKillSwitches({})));
      this.failure.set(null);
    } catch (error) {
      this.failure.set(toProblemError(error));
    }
  }

  /** Sets one; throws ProblemError. */
  async set(
    scope: string,
    body: { state: SwitchState; reason: string; flatten?: boolean },
  ): Promise<SwitchOut> {
    const answer = await unwrap(setKillSwitch({ path: { scope }, body }));
    await this.reload();
    return answer;
  }
}
