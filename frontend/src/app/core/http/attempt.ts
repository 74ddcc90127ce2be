import { computed, signal } from '@angular/core';
import { type ProblemError, toProblemError } from './problem-error';

/**
 * What a page asks of the server: whether something is under way, and why the last of it was
 * refused. The same thing is never begun again while it is under way: a button that goes dead does
 * so only once the page is drawn anew, and the second half of a double click comes before that.
 */
export class Attempt {
  private readonly underWay = signal<ReadonlySet<string>>(new Set());
  private readonly refusal = signal<ProblemError | null>(null);

  readonly busy = computed(() => this.underWay().size > 0);
  /** Kept until the next try. */
  readonly problem = this.refusal.asReadonly();

  /** Whether this is under way. */
  doing(what: string): boolean {
    return this.underWay().has(what);
  }

  forget(): void {
    this.refusal.set(null);
  }

  /**
   * Does `act`, unless the same is under way. `what` tells apart things that may go on side by side.
   * Resolves to whether it was done.
   */
  async make(act: () => Promise<unknown>, what = ''): Promise<boolean> {
    if (this.doing(what)) return false;
    this.underWay.update((before) => new Set(before).add(what));
    this.refusal.set(null);
    try {
      await act();
      return true;
    } catch (error) {
      this.refusal.set(toProblemError(error));
      return false;
    } finally {
      this.underWay.update((before) => new Set([...before].filter((it) => it !== what)));
    }
  }
}
