import { computed, DestroyRef, effect, inject, Service, signal, untracked } from '@angular/core';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import type { AccountNews, AccountNewsHandler } from '@core/socket/account-news';
import { LiveSocket } from '@core/socket/live-socket';
import { type AccountOut, listAccounts } from '@core/api';
import { withItem } from './merge-news';

/** While the socket is down, the server is asked so often. */
const EVERY_MS = 15_000;
const PAGE_SIZE = 100;

/**
 * The trading accounts of who is logged in, and what happens in them: pushed by the socket, and
 * asked for while that is down.
 */
@Service()
export class Accounts {
  private readonly socket = inject(LiveSocket);
  private readonly known = signal<readonly AccountOut[] | null>(null);
  private readonly failure = signal<ProblemError | null>(null);
  private readonly handlers = new Set<AccountNewsHandler>();
  private readonly watched = new Map<string, () => void>();

  /** All of them, the newest first; null until they are known. */
  readonly items = this.known.asReadonly();
  /** Those that can trade; empty until they are known. */
  readonly open = computed(() => this.known()?.filter(({ status }) => status === 'open') ?? []);
  readonly error = this.failure.asReadonly();

  find(id: string | null | undefined): AccountOut | null {
    return this.known()?.find((account) => account.id === id) ?? null;
  }

  /** Keeps up to date until the owner is gone. Call it where things are injected. */
  watch(): void {
    void this.reload();
    effect(() => {
      const open = new Set(this.open().map(({ id }) => id));
      untracked(() => this.watchOnly(open));
    });
    effect((onCleanup) => {
      if (this.socket.state() === 'ready') return;
      const timer = setInterval(() => void this.lookAgain(), EVERY_MS);
      onCleanup(() => clearInterval(timer));
    });
    inject(DestroyRef).onDestroy(() => {
      this.watchOnly(new Set());
      this.known.set(null);
      this.failure.set(null);
    });
  }

  /**
   * Calls `handler` with what happens in any open account; `look_again` also while the socket is
   * down. Returns the way to stop.
   */
  hear(handler: AccountNewsHandler): () => void {
    this.handlers.add(handler);
    return () => void this.handlers.delete(handler);
  }

  async reload(): Promise<void> {
    try {
      const { items } = await unwrap(listAccounts({ query: { limit: PAGE_SIZE } }));
      this.known.set(items);
      this.failure.set(null);
    } catch (error) {
      this.failure.set(toProblemError(error));
    }
  }

  /** Puts an account that was changed here in its place. */
  take(account: AccountOut): void {
    this.known.update((items) => items && withItem(items, account, () => true));
  }

  private async lookAgain(): Promise<void> {
    await this.reload();
    this.tell({ type: 'look_again', topic: '' });
  }

  private watchOnly(wanted: ReadonlySet<string>): void {
    for (const [id, stop] of this.watched) {
      if (wanted.has(id)) continue;
      stop();
      this.watched.delete(id);
    }
    for (const id of wanted) {
      if (this.watched.has(id)) continue;
      this.watched.set(
        id,
        this.socket.watchAccount(id, (news) => this.heard(news)),
      );
    }
  }

  private heard(news: AccountNews): void {
    if (news.type === 'account_changed') this.take(news.data);
    if (news.type === 'look_again') void this.reload();
    this.tell(news);
  }

  private tell(news: AccountNews): void {
    for (const handler of this.handlers) handler(news);
  }
}
