import { computed, Injectable, resource, signal } from '@angular/core';
import { listWatched, unwatchSymbol, type WatchedOut, watchSymbol } from '@core/api';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';

/** The user's watch list with its quotes. Each page that shows some of it provides its own. */
@Injectable()
export class WatchList {
  private readonly list = resource({ loader: () => unwrap(listWatched()) });
  private readonly refused = signal<ProblemError | null>(null);
  private changes = 0;

  /** Null until it is known. */
  readonly items = computed<readonly WatchedOut[] | null>(() =>
    this.list.hasValue() ? this.list.value().items : null,
  );
  readonly loadError = computed(() => {
    const error = this.list.error();
    return error ? toProblemError(error) : null;
  });
  /** Why the last change was not made. */
  readonly actionError = this.refused.asReadonly();

  has(symbol: string): boolean {
    return this.items()?.some((item) => item.symbol === symbol) ?? false;
  }

  async add(symbol: string): Promise<void> {
    await this.change(() => unwrap(watchSymbol({ path: { symbol } })));
  }

  async remove(symbol: string): Promise<void> {
    await this.change(() => unwrap(unwatchSymbol({ path: { symbol } })));
  }

  /** Brings the quotes up to date; an answer from before a change is passed over. */
  async refresh(): Promise<void> {
    if (this.list.error()) return this.reload();
    const before = this.changes;
    const found = await unwrap(listWatched());
    if (before === this.changes) this.list.set(found);
  }

  reload(): void {
    this.list.reload();
  }

  private async change(work: () => Promise<unknown>): Promise<void> {
    this.refused.set(null);
    try {
      await work();
    } catch (error) {
      this.refused.set(toProblemError(error));
    }
    this.changes += 1;
    await this.refresh().catch(() => undefined);
  }
}
