import { computed, DestroyRef, inject, Service, signal } from '@angular/core';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import type { AccountNews } from '@core/socket/account-news';
import { Accounts } from './accounts';
import { withItem } from './merge-news';
import { listPositions, type PositionOut } from '@core/api';

const PAGE_SIZE = 200;
const MOST_PAGES = 10;
/** Many changes of one moment are one reading. */
const MOMENT_MS = 250;

/** The open positions of all accounts, as they are opened, changed and closed. */
@Service()
export class OpenPositions {
  private readonly accounts = inject(Accounts);
  private readonly known = signal<readonly PositionOut[] | null>(null);
  private readonly failure = signal<ProblemError | null>(null);
  private timer?: ReturnType<typeof setTimeout>;

  /** Null until they are known. */
  readonly items = this.known.asReadonly();
  readonly error = this.failure.asReadonly();
  readonly count = computed(() => this.known()?.length ?? 0);

  /** Keeps up to date until the owner is gone. Call it where things are injected. */
  watch(): void {
    void this.reload();
    const stop = this.accounts.hear((news) => this.heard(news));
    inject(DestroyRef).onDestroy(() => {
      stop();
      clearTimeout(this.timer);
      this.known.set(null);
      this.failure.set(null);
    });
  }

  async reload(): Promise<void> {
    try {
      this.known.set(await readOpen());
      this.failure.set(null);
    } catch (error) {
      this.failure.set(toProblemError(error));
    }
  }

  private heard(news: AccountNews): void {
    switch (news.type) {
      case 'position_opened':
      case 'position_changed':
      case 'position_closed': {
        const position = news.data;
        this.known.update((items) => items && withItem(items, position, isOpen));
        return;
      }
      case 'look_again':
        clearTimeout(this.timer);
        this.timer = setTimeout(() => void this.reload(), MOMENT_MS);
    }
  }
}

/** Whether a position is held, or may yet be. */
export function isOpen({ status }: Pick<PositionOut, 'status'>): boolean {
  return status !== 'closed';
}

async function readOpen(): Promise<PositionOut[]> {
  const found: PositionOut[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer: { items: PositionOut[]; next_cursor: string | null } = await unwrap(
      listPositions({ query: { status: 'open', limit: PAGE_SIZE, cursor } }),
    );
    found.push(...answer.items);
    cursor = answer.next_cursor;
    if (cursor === null) break;
  }
  return found;
}
