import { Component, computed, effect, input, output, untracked } from '@angular/core';
import { listNoticeDeliveries, type MailOut } from '@core/api';
import { mergeFirstPage } from '@core/http/merge-first-page';
import { PagedList } from '@core/http/paged-list';
import { pollWhileVisible } from '@core/http/poll';
import { unwrap } from '@core/http/unwrap';
import { EmptyState } from '@shared/empty-state';
import { Icon } from '@shared/icon';
import { ListFrame } from '@shared/list-frame';
import { RefreshButton } from '@shared/refresh-button';
import { Time } from '@shared/time';

const PAGE_SIZE = 10;
const EVERY_MS = 3_000;

const LOOKS: Readonly<Record<MailOut['state'], { label: string; icon: string; colour: string }>> = {
  waiting: { label: 'Waiting', icon: 'schedule', colour: 'waiting' },
  sent: { label: 'Sent', icon: 'check_circle', colour: 'done' },
  failed: { label: 'Failed', icon: 'error', colour: 'failed' },
  expired: { label: 'Given up', icon: 'timer_off', colour: 'skipped' },
};

/** The mails to the user and what became of them, newest first. */
@Component({
  selector: 'k-mail-deliveries',
  imports: [EmptyState, Icon, ListFrame, RefreshButton, Time],
  template: `
    <div class="head">
      <span class="k-muted">Newest first</span>
      <k-refresh-button what="the last mails" [refresh]="again" />
    </div>
    <k-list-frame [list]="list" [rows]="3">
      <ul aria-label="Last mails">
        @for (item of list.items(); track item.id) {
          @let look = looks[item.state];
          <li [attr.data-state]="item.state">
            <div class="top">
              <span class="title k-ellipsis" [title]="item.title">{{ item.title }}</span>
              <span class="state" [style.color]="'var(--k-' + look.colour + ')'"
                ><k-icon [name]="look.icon" [size]="16" />{{ look.label }}</span
              >
            </div>
            @if (item.error; as error) {
              <p class="error">{{ error }}</p>
            }
            <p class="meta">
              <k-time show="ago" [at]="item.created_at" />
              @if (item.attempts > 1) {
                <span>{{ item.attempts }} tries</span>
              }
              @if (item.state === 'waiting' && item.attempts && item.next_attempt_at) {
                <span>next try <k-time [at]="item.next_attempt_at" /></span>
              }
            </p>
          </li>
        }
      </ul>
      <k-empty-state empty icon="outbox" title="No mail so far" [text]="none" />
    </k-list-frame>
  `,
  styleUrl: './mail-deliveries.scss',
})
export class MailDeliveries {
  /** Grows when there may be a new mail. */
  readonly revision = input(0);
  /** A mail that was waiting is not any more. */
  readonly settled = output();
  /** The newest mail with a code, or null; told again when something became of it. */
  readonly codeMail = output<MailOut | null>();

  protected readonly looks = LOOKS;
  protected readonly none = 'What is mailed to you is listed here, with the reason when it failed.';
  protected readonly list = new PagedList<MailOut, null>((_, cursor) =>
    unwrap(listNoticeDeliveries({ query: { cursor, limit: PAGE_SIZE } })),
  );

  protected readonly again = () => this.refresh(true);

  private readonly newestCode = computed(
    () => this.list.items().find(({ purpose }) => purpose === 'confirmation') ?? null,
  );

  constructor() {
    effect(() => this.codeMail.emit(this.newestCode()));
    effect(() => {
      const first = this.revision() === 0;
      untracked(() => void (first ? this.list.load(null) : this.refresh()));
    });
    pollWhileVisible(EVERY_MS, async () => {
      if (this.list.items().some(waits)) await this.refresh();
    });
  }

  /** Takes up what is new and what became of the newest; says that it failed only if `asked` to. */
  private async refresh(asked = false): Promise<boolean> {
    const before = this.list.items();
    if (asked || this.list.loadingFirst() || this.list.error()) {
      const done = await this.list.catchUp(({ id }) => id);
      this.settle(before, this.list.items());
      return done;
    }
    const first = await unwrap(listNoticeDeliveries({ query: { limit: PAGE_SIZE } })).catch(
      () => null,
    );
    if (!first) return false;
    const merged = mergeFirstPage(before, first.items, Boolean(first.next_cursor));
    if (merged.gap) await this.list.reload();
    else this.list.update(() => merged.joined);
    this.settle(before, this.list.items());
    return true;
  }

  private settle(before: readonly MailOut[], now: readonly MailOut[]): void {
    const waited = new Set(before.filter(waits).map(({ id }) => id));
    if (now.some((item) => waited.has(item.id) && !waits(item))) this.settled.emit();
  }
}

function waits({ state }: MailOut): boolean {
  return state === 'waiting';
}
