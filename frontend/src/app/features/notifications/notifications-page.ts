import { Component, computed, effect, ElementRef, inject, input, untracked } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { Router, RouterLink, type UrlTree } from '@angular/router';
import { listNotices, type NoticeKind, type NoticeOut } from '@core/api';
import { inside } from '@core/auth/inside';
import { unwrap } from '@core/http/unwrap';
import { NOTICE_LOOKS, noticeLook } from '@core/notices/notice-looks';
import { lastOf, Notices } from '@core/notices/notices';
import { addressFilters } from '@core/page/address-filters';
import { keptList } from '@core/page/kept-list';
import { liveList } from '@core/page/live-list';
import { RowAttempt } from '@core/page/row-attempt';
import { EmptyState } from '@shared/empty-state';
import { FilterChips, type FilterOption } from '@shared/filter-chips';
import { Icon } from '@shared/icon';
import { ListFrame } from '@shared/list-frame';
import { ListHead } from '@shared/list-head';
import { NewsButton } from '@shared/news-button';
import { NoticeLine } from '@shared/notice-line';
import { Ticking } from '@shared/ticking';
import { byDay } from './by-day';

interface Filters {
  readonly kind: NoticeKind | null;
  readonly unread: boolean;
}

const PAGE_SIZE = 50;
const ALL = 'mark all';
const KINDS = (Object.keys(NOTICE_LOOKS) as NoticeKind[]).map((value) => ({
  value,
  label: NOTICE_LOOKS[value].label,
}));
const UNREAD: readonly FilterOption<true>[] = [{ value: true, label: 'Unread' }];

/** What the user was told, newest first, with filters in the address bar. */
@Component({
  selector: 'k-notifications-page',
  imports: [
    RouterLink,
    MatButton,
    MatIconButton,
    EmptyState,
    FilterChips,
    Icon,
    ListFrame,
    ListHead,
    NewsButton,
    NoticeLine,
  ],
  templateUrl: './notifications-page.html',
  styleUrl: './notifications-page.scss',
})
export class NotificationsPage {
  private readonly router = inject(Router);
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef);
  private readonly notices = inject(Notices);
  private readonly ticking = inject(Ticking);
  private readonly attempt = inject(RowAttempt);

  readonly kind = input<string>();
  /** `true` for those only that were not read. */
  readonly unread = input<string>();

  /** A test is rare: it can be asked for by address. */
  protected readonly kinds = KINDS.filter(({ value }) => value !== 'test');
  protected readonly filters = computed<Filters>(
    () => ({
      kind: KINDS.find(({ value }) => value === this.kind())?.value ?? null,
      unread: this.unread() === 'true',
    }),
    { equal: (a, b) => a.kind === b.kind && a.unread === b.unread },
  );
  protected readonly filtered = computed(
    () => this.filters().kind !== null || this.filters().unread,
  );
  protected readonly list = keptList<NoticeOut, Filters>('notices', (filters, cursor) =>
    unwrap(listNotices({ query: { ...query(filters), cursor } })),
  );
  protected readonly days = computed(() => byDay(this.list.items(), this.ticking.nowMs()));
  protected readonly live = liveList(this.list, { moved });
  protected readonly unreadOnly = UNREAD;
  protected readonly filter = addressFilters('/notifications');
  protected readonly busy = computed(() => this.attempt.doing(ALL));
  /** Whether something is unread of what the button marks: of the kind that is chosen, or of all. */
  protected readonly anyUnread = computed(() => {
    const items = this.list.items();
    const others = this.filters().kind === null || this.list.hasMore();
    const mayBe = others && (this.notices.unread() ?? 0) > 0;
    return items.length > 0 && (mayBe || items.some(isUnread));
  });
  protected readonly markWords = computed(() =>
    this.filters().kind === null ? 'Mark all as read' : 'Mark this kind as read',
  );

  constructor() {
    effect(() => {
      const filters = this.filters();
      this.live.forget();
      void this.list.load(filters);
    });
    effect(() => {
      if (this.notices.changed()) untracked(() => void this.refresh());
    });
  }

  protected lookOf(item: NoticeOut) {
    return noticeLook(item.kind);
  }

  /** The page that a notice leads to, within the app; null when it leads nowhere. */
  protected address({ path }: NoticeOut): UrlTree | null {
    return path ? this.router.parseUrl(inside(path)) : null;
  }

  protected clear(): void {
    this.filter({ kind: null, unread: null });
  }

  /** Shown at once, and put back when it could not be done. */
  protected async mark(item: NoticeOut, read: boolean): Promise<void> {
    if (Boolean(item.read_at) === read) return;
    const concerns = (it: NoticeOut): boolean => it.id === item.id;
    const mark = async (): Promise<void> => {
      this.change(concerns, read);
      try {
        await this.notices.mark(item.id, read);
      } catch (error) {
        this.change(concerns, !read);
        throw error;
      }
    };
    const failed = `Not marked as ${read ? 'read' : 'unread'}`;
    await this.attempt.make(failed, mark, `${failed} ${item.id}`);
  }

  /** What came after all that is on show stays unread: nobody has seen it here. */
  protected async markAll(): Promise<void> {
    const [shown, { kind }] = [this.list.items(), this.filters()];
    if (!shown.length || this.busy()) return;
    this.host.nativeElement.querySelector('h2')?.focus();
    const mark = async (): Promise<void> => {
      await this.notices.markAll(shown, kind);
      const last = lastOf(shown);
      this.change((it) => it.sequence <= last && (kind === null || it.kind === kind), true);
    };
    await this.attempt.make('Not marked as read', mark, ALL);
  }

  private change(concerns: (item: NoticeOut) => boolean, read: boolean): void {
    const read_at = read ? new Date().toISOString() : null;
    this.list.update((items) =>
      items.map((it) => (concerns(it) && Boolean(it.read_at) !== read ? { ...it, read_at } : it)),
    );
  }

  /** Asks for the first page again; rows already on show stay where they are. */
  private async refresh(): Promise<void> {
    if (this.list.loadingFirst() || this.list.loadingMore()) return;
    if (this.list.error()) return this.list.reload();
    const filters = this.filters();
    const first = await unwrap(listNotices({ query: query(filters) })).catch(() => null);
    if (!first || filters !== this.filters()) return;
    if (first.unread === 0) this.change(() => true, true);
    await this.live.take(first.items, Boolean(first.next_cursor));
  }
}

function query({ kind, unread }: Filters) {
  return { kind: kind ?? undefined, unread: unread || undefined, limit: PAGE_SIZE };
}

function isUnread({ read_at }: NoticeOut): boolean {
  return read_at === null;
}

/** One more like it puts a notice on top again. */
function moved(was: NoticeOut, is: NoticeOut): boolean {
  return was.at !== is.at;
}
