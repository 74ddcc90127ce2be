import { Component, computed, inject, resource, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatSnackBar } from '@angular/material/snack-bar';
import { RouterLink } from '@angular/router';
import { listNoticeChannels, type MailOut, testNoticeInApp } from '@core/api';
import { Attempt } from '@core/http/attempt';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { PageContext } from '@core/page/page-context';
import { whenSeenAgain } from '@core/page/seen-again';
import { ErrorState } from '@shared/error-state';
import { Skeleton } from '@shared/skeleton';
import { KindChoices } from './kind-choices';
import { MailChannel } from './mail-channel';
import { MailDeliveries } from './mail-deliveries';

/** What the user is told of, where, and how the ways to them stand. */
@Component({
  selector: 'k-notice-preferences-page',
  imports: [RouterLink, MatButton, ErrorState, KindChoices, MailChannel, MailDeliveries, Skeleton],
  templateUrl: './notice-preferences-page.html',
  styleUrls: ['../account-page.scss', './notice-preferences-page.scss'],
})
export class NoticePreferencesPage {
  private readonly messages = inject(MatSnackBar);

  private readonly loaded = resource({ loader: () => unwrap(listNoticeChannels()) });
  protected readonly mail = computed(() =>
    this.loaded.hasValue()
      ? (this.loaded.value().items.find(({ id }) => id === 'mail') ?? null)
      : null,
  );
  protected readonly loadError = computed(() => {
    const error = this.loaded.error();
    return error ? toProblemError(error) : null;
  });
  /** Grows when there may be a new mail. */
  protected readonly mails = signal(0);
  /** The newest mail with a code. */
  protected readonly codeMail = signal<MailOut | null>(null);
  private readonly attempt = new Attempt();
  protected readonly busy = this.attempt.busy;
  protected readonly problem = this.attempt.problem;

  constructor() {
    inject(PageContext).show([
      { label: 'Account', link: '/account' },
      { label: 'Notice preferences' },
    ]);
    whenSeenAgain(() => void this.follow());
  }

  /** Takes up what became of mail meanwhile, as when it was confirmed elsewhere. */
  private async follow(): Promise<void> {
    if (!this.loaded.hasValue() || this.loaded.isLoading()) return;
    const before = this.loaded.value();
    const now = await unwrap(listNoticeChannels()).catch(() => null);
    if (now && this.loaded.hasValue() && this.loaded.value() === before) this.loaded.set(now);
  }

  protected reload(): void {
    this.loaded.reload();
  }

  protected mailChanged(): void {
    this.loaded.reload();
    this.mails.update((count) => count + 1);
  }

  protected async test(): Promise<void> {
    await this.attempt.make(async () => {
      await unwrap(testNoticeInApp());
      this.messages.open('Sent. It comes to the bell above.', undefined, { duration: 4000 });
    });
  }
}
