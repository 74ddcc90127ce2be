import { NgTemplateOutlet } from '@angular/common';
import {
  Component,
  computed,
  effect,
  ElementRef,
  inject,
  output,
  signal,
  untracked,
} from '@angular/core';
import { MatButton } from '@angular/material/button';
import { Router, RouterLink, type UrlTree } from '@angular/router';
import { listNotices, type NoticeOut } from '@core/api';
import { inside } from '@core/auth/inside';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { noticeLook } from '@core/notices/notice-looks';
import { Notices } from '@core/notices/notices';
import { RowAttempt } from '@core/page/row-attempt';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { NoticeLine } from '@shared/notice-line';
import { Skeleton } from '@shared/skeleton';

const SHOWN = 8;
const ALL = 'mark the newest';

/** The newest notices, below the bell. */
@Component({
  selector: 'k-notice-panel',
  imports: [NgTemplateOutlet, RouterLink, MatButton, EmptyState, ErrorState, NoticeLine, Skeleton],
  templateUrl: './notice-panel.html',
  styleUrl: './notice-panel.scss',
})
export class NoticePanel {
  private readonly notices = inject(Notices);
  private readonly router = inject(Router);
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef);
  private readonly attempt = inject(RowAttempt);
  private asked = 0;

  readonly closed = output();

  protected readonly skeletons = [0, 1, 2, 3];
  protected readonly items = signal<readonly NoticeOut[] | null>(null);
  /** Why the list could not be read. */
  protected readonly error = signal<ProblemError | null>(null);
  protected readonly busy = computed(() => this.attempt.doing(ALL));
  /** Whether something on show, or older than it, can be marked as read. */
  protected readonly unread = computed(() => {
    const items = this.error() ? null : this.items();
    return items?.length
      ? (this.notices.unread() ?? 0) > 0 || items.some(({ read_at }) => !read_at)
      : false;
  });

  constructor() {
    effect(() => {
      this.notices.changed();
      untracked(() => void this.load());
    });
  }

  protected lookOf(item: NoticeOut) {
    return noticeLook(item.kind);
  }

  /** The page that a notice leads to, within the app; null when it leads nowhere. */
  protected address({ path }: NoticeOut): UrlTree | null {
    return path ? this.router.parseUrl(inside(path)) : null;
  }

  /** Reads the newest again; what is on show stays meanwhile. */
  protected async load(): Promise<void> {
    const asked = ++this.asked;
    if (this.error()) this.error.set(null);
    try {
      const { items } = await unwrap(listNotices({ query: { limit: SHOWN } }));
      if (asked === this.asked) this.items.set(items);
    } catch (error) {
      if (asked === this.asked) this.error.set(toProblemError(error));
    }
  }

  protected follow(item: NoticeOut): void {
    void this.read(item);
    this.closed.emit();
  }

  protected async read(item: NoticeOut): Promise<unknown> {
    if (item.read_at) return;
    const mark = () => this.notices.mark(item.id, true);
    return this.attempt.make('Not marked as read', mark, item.id);
  }

  /** What came after all that is on show stays unread: nobody has seen it here. */
  protected async readAll(): Promise<void> {
    const shown = this.items();
    if (!shown?.length || this.busy()) return;
    this.host.nativeElement.querySelector('h2')?.focus();
    await this.attempt.make('Not marked as read', () => this.notices.markAll(shown), ALL);
  }
}
