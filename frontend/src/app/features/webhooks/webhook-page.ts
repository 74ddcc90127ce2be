import {
  Component,
  computed,
  effect,
  inject,
  input,
  resource,
  signal,
  untracked,
} from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { MatSlideToggle } from '@angular/material/slide-toggle';
import {
  type DeliveryOut,
  getWebhookSource,
  listWebhookDeliveries,
  rotateWebhookSource,
  type WebhookSourceUpdate,
} from '@core/api';
import { pollWhileVisible } from '@core/http/poll';
import { Attempt } from '@core/http/attempt';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { PageContext } from '@core/page/page-context';
import { confirm } from '@shared/confirm-dialog';
import { CopyField } from '@shared/copy-field';
import { ErrorState } from '@shared/error-state';
import { PageError } from '@shared/page-error';
import { Icon } from '@shared/icon';
import { SkeletonRows } from '@shared/skeleton';
import { Time } from '@shared/time';
import { firstValueFrom } from 'rxjs';
import { changeSource } from './change-source';
import { DeliveryTable } from './delivery-table';
import { OneTimeSecrets } from './one-time-secrets';
import { deliveryUrl, snippetOf } from './snippets';
import { kindLabel } from './source-kinds';
import { SourceSettings } from './source-settings';
import { TestDialog } from './test-dialog';

const EVERY_MS = 5_000;
const DELIVERIES_SHOWN = 25;
const BLANK = 'YOUR_SECRET';

/** One webhook: its address and secret, something to try it with, and what arrived. */
@Component({
  selector: 'k-webhook-page',
  imports: [
    MatButton,
    MatSlideToggle,
    CopyField,
    DeliveryTable,
    ErrorState,
    PageError,
    Icon,
    SkeletonRows,
    SourceSettings,
    Time,
  ],
  templateUrl: './webhook-page.html',
  styleUrl: './webhook-page.scss',
})
export class WebhookPage {
  private readonly dialogs = inject(MatDialog);
  private readonly page = inject(PageContext);
  private readonly secrets = inject(OneTimeSecrets);

  readonly id = input.required<string>();

  protected readonly kindLabel = kindLabel;
  protected readonly source = resource({
    params: () => this.id(),
    loader: ({ params: source_id }) => unwrap(getWebhookSource({ path: { source_id } })),
  });
  protected readonly deliveries = resource({
    params: () => this.id(),
    loader: ({ params: source_id }) =>
      unwrap(listWebhookDeliveries({ path: { source_id }, query: { limit: DELIVERIES_SHOWN } })),
  });
  /** Known only right after it was made. */
  protected readonly secret = signal<string | null>(null);
  protected readonly attempt = new Attempt();
  protected readonly problem = this.attempt.problem;
  protected readonly loadError = computed(() => asProblem(this.source.error()));
  protected readonly deliveryError = computed(() => asProblem(this.deliveries.error()));
  protected readonly address = computed(() => {
    if (!this.source.hasValue()) return '';
    return deliveryUrl(this.source.value().url, this.secret() ?? BLANK, location.origin);
  });
  protected readonly snippet = computed(() =>
    this.source.hasValue()
      ? snippetOf(this.source.value().kind, this.address(), this.secret() ?? BLANK)
      : null,
  );

  constructor() {
    effect(() => {
      const id = this.id();
      untracked(() => this.secret.set(this.secrets.take(id)));
    });
    effect(() => {
      const label = this.source.hasValue() ? this.source.value().name : 'Webhook';
      const parents = [
        { label: 'Signals', link: '/signals' },
        { label: 'Webhooks', link: '/signals/webhooks' },
      ];
      untracked(() => this.page.show([...parents, { label }]));
    });
    pollWhileVisible(EVERY_MS, () => this.look());
  }

  protected async change(change: WebhookSourceUpdate): Promise<void> {
    await this.attempt.make(async () => {
      if (this.source.hasValue()) {
        this.source.set(await changeSource(this.source.value(), change));
      }
    }, 'change');
  }

  protected async rotate(): Promise<void> {
    const agreed = await confirm(this.dialogs, {
      title: 'Make a new secret?',
      text: 'The new secret is shown once. The one in use now goes on working for a while, so that you can change the sender without a gap.',
      action: 'Make a new secret',
    });
    if (!agreed) return;
    await this.attempt.make(async () => {
      const { secret, ...source } = await unwrap(
        rotateWebhookSource({ path: { source_id: this.id() } }),
      );
      this.source.set(source);
      this.secret.set(secret);
    }, 'rotate');
  }

  protected hide(): void {
    this.secret.set(null);
  }

  /** The delivery shows up in the list, with what came of it. */
  protected async test(): Promise<void> {
    const opened = this.dialogs.open<TestDialog, string, DeliveryOut>(TestDialog, {
      data: this.id(),
      width: '480px',
    });
    if (await firstValueFrom(opened.afterClosed())) await this.look().catch(() => undefined);
  }

  /** Looks for new deliveries without emptying the list meanwhile. */
  private async look(): Promise<void> {
    const page = await unwrap(
      listWebhookDeliveries({ path: { source_id: this.id() }, query: { limit: DELIVERIES_SHOWN } }),
    );
    this.deliveries.set(page);
  }
}

function asProblem(error: Error | undefined): ProblemError | null {
  return error ? toProblemError(error) : null;
}
