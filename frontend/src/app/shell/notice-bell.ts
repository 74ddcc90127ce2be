import { CdkTrapFocus } from '@angular/cdk/a11y';
import {
  CdkConnectedOverlay,
  CdkOverlayOrigin,
  type ConnectedPosition,
} from '@angular/cdk/overlay';
import { Component, computed, effect, inject, signal, untracked } from '@angular/core';
import { MatIconButton } from '@angular/material/button';
import { MatSnackBar } from '@angular/material/snack-bar';
import { NavigationEnd, Router } from '@angular/router';
import type { NoticeOut } from '@core/api';
import { inside } from '@core/auth/inside';
import { Notices } from '@core/notices/notices';
import { RowAttempt } from '@core/page/row-attempt';
import { withShortName } from '@shared/format/texts';
import { Icon } from '@shared/icon';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { NoticePanel } from './notice-panel';

const MOST_SHOWN = 99;
const ALARM_MS = 20_000;
const BELOW: readonly ConnectedPosition[] = [
  { originX: 'end', originY: 'bottom', overlayX: 'end', overlayY: 'top', offsetY: 12 },
];

/** How many notices are unread; opens the newest. Says what is new as it comes. */
@Component({
  selector: 'k-notice-bell',
  imports: [CdkConnectedOverlay, CdkOverlayOrigin, CdkTrapFocus, MatIconButton, Icon, NoticePanel],
  template: `
    <button
      matIconButton
      type="button"
      cdkOverlayOrigin
      #origin="cdkOverlayOrigin"
      aria-haspopup="dialog"
      [attr.aria-expanded]="open()"
      [attr.aria-label]="name()"
      (click)="open.set(!open())"
    >
      <k-icon name="notifications" [size]="22" />
      @if (badge(); as badge) {
        <span class="badge" aria-hidden="true">{{ badge }}</span>
      }
    </button>
    <span class="k-sr-only" role="status">{{ announced() }}</span>
    <ng-template
      cdkConnectedOverlay
      cdkConnectedOverlayHasBackdrop
      cdkConnectedOverlayBackdropClass="cdk-overlay-transparent-backdrop"
      cdkConnectedOverlayPanelClass="k-notice-pane"
      cdkConnectedOverlayPush
      [cdkConnectedOverlayOrigin]="origin"
      [cdkConnectedOverlayOpen]="open()"
      [cdkConnectedOverlayPositions]="below"
      (backdropClick)="open.set(false)"
      (detach)="open.set(false)"
      (overlayKeydown)="$event.key === 'Escape' && open.set(false)"
    >
      <k-notice-panel
        role="dialog"
        aria-label="Notices"
        cdkTrapFocus
        cdkTrapFocusAutoCapture
        (closed)="open.set(false)"
      />
    </ng-template>
  `,
  styles: `
    button {
      position: relative;
    }
    .badge {
      position: absolute;
      top: -3px;
      left: 50%;
      min-width: 8px;
      height: 14px;
      padding: 0 3px;
      border: 2px solid var(--mat-sys-surface);
      border-radius: 9px;
      background: var(--mat-sys-primary);
      box-sizing: content-box;
      color: var(--mat-sys-on-primary);
      font-size: 10px;
      font-weight: 600;
      line-height: 14px;
      font-variant-numeric: tabular-nums;
    }
  `,
})
export class NoticeBell {
  private readonly notices = inject(Notices);
  private readonly router = inject(Router);
  private readonly messages = inject(MatSnackBar);
  private readonly attempt = inject(RowAttempt);

  protected readonly below = [...BELOW];
  protected readonly open = signal(false);
  protected readonly announced = signal('');
  protected readonly unread = computed(() => this.notices.unread() ?? 0);
  protected readonly badge = computed(() =>
    this.unread() > MOST_SHOWN ? `${MOST_SHOWN}+` : this.unread() || null,
  );
  protected readonly name = computed(() =>
    this.unread() ? `Notices, ${this.unread()} unread` : 'Notices',
  );

  constructor() {
    this.notices.watch();
    effect(() => {
      const news = this.notices.news();
      if (news) untracked(() => this.say(news));
    });
    this.router.events.pipe(takeUntilDestroyed()).subscribe((event) => {
      if (event instanceof NavigationEnd) this.open.set(false);
    });
  }

  /** An alarm is shown over any page; its message is read out by itself. */
  private say(news: NoticeOut): void {
    const title = withShortName(news.title, news.name);
    this.announced.set(news.alarm ? '' : `New notice: ${title}`);
    if (!news.alarm) return;
    const message = this.messages.open(`Alarm: ${title}`, news.path ? 'Open' : 'Close', {
      duration: ALARM_MS,
      politeness: 'assertive',
    });
    message.onAction().subscribe(() => void this.follow(news));
  }

  private async follow({ id, path }: NoticeOut): Promise<void> {
    const mark = () => this.notices.mark(id, true);
    void this.attempt.make('Not marked as read', mark, id);
    if (path) await this.router.navigateByUrl(inside(path));
  }
}
