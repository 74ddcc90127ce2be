import { inject, Service } from '@angular/core';
import { MatSnackBar } from '@angular/material/snack-bar';
import { Attempt } from '@core/http/attempt';
import { reasonOf } from '@core/http/problem-error';

const SHOWN_MS = 20_000;

/**
 * What is asked of one row of a list. A refusal is told over the page, as the row may be far from
 * its top, with what was not done, why, and a way to try again.
 */
@Service()
export class RowAttempt {
  private readonly messages = inject(MatSnackBar);
  private readonly attempt = new Attempt();

  /** Whether this is under way. */
  doing(what: string): boolean {
    return this.attempt.doing(what);
  }

  /**
   * Does `act`, unless the same is under way; `what` tells apart things that may go on side by side.
   * `failed` says in a few words what was not done. Resolves to whether it was done.
   */
  async make(failed: string, act: () => Promise<unknown>, what: string): Promise<boolean> {
    return this.attempt.make(async () => {
      try {
        await act();
      } catch (error) {
        this.tell(failed, error, () => this.make(failed, act, what));
        throw error;
      }
    }, what);
  }

  /** Says over the page what was not done and why; `retry` tries again. */
  tell(failed: string, error: unknown, retry: () => Promise<unknown>): void {
    const options = { duration: SHOWN_MS, politeness: 'assertive' } as const;
    const message = this.messages.open(`${failed}. ${reasonOf(error)}`, 'Retry', options);
    message.onAction().subscribe(() => void retry());
  }
}
