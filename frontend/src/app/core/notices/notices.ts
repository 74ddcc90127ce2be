import { computed, DestroyRef, effect, inject, Service, signal } from '@angular/core';
import {
  listNotices,
  type NoticeKind,
  type NoticeOut,
  readAllNotices,
  readNotice,
} from '@core/api';
import { unwrap } from '@core/http/unwrap';
import { LiveSocket } from '@core/socket/live-socket';

/** While the socket is down, the server is asked so often. */
const EVERY_MS = 15_000;

/** How the notices of the user stand, and what is new. */
interface Standing {
  readonly unread: number;
  readonly newest: NoticeOut | null;
}

/**
 * The notices of who is logged in: how many are unread and which is the newest, pushed by the
 * socket, and asked for while that is down. Other tabs learn of what is read here the same way.
 */
@Service()
export class Notices {
  private readonly socket = inject(LiveSocket);
  private readonly standing = signal<Standing | null>(null);
  private readonly latestNews = signal<NoticeOut | null>(null);

  /** Null until it is known. */
  readonly unread = computed(() => this.standing()?.unread ?? null);
  /** Is another object whenever something may have changed: read lists again then. */
  readonly changed = this.standing.asReadonly();
  /** The last notice that came while this page was open, or null. */
  readonly news = this.latestNews.asReadonly();

  /** Keeps up to date until the owner is gone. Call it where things are injected. */
  watch(): void {
    const stop = this.socket.watchNotices((news) => this.take(news));
    effect((onCleanup) => {
      if (this.socket.state() === 'ready') return;
      const timer = setInterval(() => void this.ask(), EVERY_MS);
      onCleanup(() => clearInterval(timer));
    });
    inject(DestroyRef).onDestroy(() => {
      stop();
      this.standing.set(null);
      this.latestNews.set(null);
    });
  }

  /** Marks one as read or unread; throws ProblemError. */
  async mark(notice_id: string, read: boolean): Promise<void> {
    const answer = await unwrap(readNotice({ path: { notice_id }, body: { read } }));
    this.setUnread(answer.unread);
  }

  /** Marks as read whatever came no later than one of `shown`, of one kind or of all; throws
   * ProblemError. */
  async markAll(shown: readonly NoticeOut[], kind: NoticeKind | null = null): Promise<void> {
    const body = { up_to_sequence: lastOf(shown), kind };
    const answer = await unwrap(readAllNotices({ body }));
    this.setUnread(answer.unread);
  }

  private take({ unread, newest }: Standing): void {
    const before = this.standing();
    this.standing.set({ unread, newest });
    if (before && newest && isNews(before.newest, newest)) this.latestNews.set(newest);
  }

  private setUnread(unread: number): void {
    this.standing.update((before) => ({ unread, newest: before?.newest ?? null }));
  }

  private async ask(): Promise<void> {
    const { data } = await listNotices({ query: { limit: 1 } });
    if (data) this.take({ unread: data.unread, newest: data.items[0] ?? null });
  }
}

/** The greatest sequence of what is on show: a late notice may be of an earlier time. */
export function lastOf(shown: readonly NoticeOut[]): number {
  return shown.reduce((last, { sequence }) => Math.max(last, sequence), 0);
}

/** Whether `now` came after what was the newest; one more like it counts. */
export function isNews(before: NoticeOut | null, now: NoticeOut): boolean {
  if (now.read_at) return false;
  if (!before) return true;
  const another = now.id !== before.id || now.count > before.count;
  return another && Date.parse(now.at) >= Date.parse(before.at);
}
