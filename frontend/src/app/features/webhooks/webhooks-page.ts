import { Component, inject } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { MatMenuModule } from '@angular/material/menu';
import { MatSlideToggle, type MatSlideToggleChange } from '@angular/material/slide-toggle';
import { MatSnackBar } from '@angular/material/snack-bar';
import { Router, RouterLink } from '@angular/router';
import {
  deleteWebhookSource,
  listWebhookSources,
  type WebhookSourceOut,
  type WebhookSourceWithSecret,
} from '@core/api';
import { unwrap } from '@core/http/unwrap';
import { keptList } from '@core/page/kept-list';
import { PageContext } from '@core/page/page-context';
import { RowAttempt } from '@core/page/row-attempt';
import { confirm } from '@shared/confirm-dialog';
import { EmptyState } from '@shared/empty-state';
import { shortName } from '@shared/format/texts';
import { Icon } from '@shared/icon';
import { ListFrame } from '@shared/list-frame';
import { ListHead } from '@shared/list-head';
import { Time } from '@shared/time';
import { firstValueFrom } from 'rxjs';
import { changeSource } from './change-source';
import { DeliveryBadge } from './delivery-badge';
import { OneTimeSecrets } from './one-time-secrets';
import { SourceDialog } from './source-dialog';
import { kindLabel } from './source-kinds';

/** The outside systems that may send signals. */
@Component({
  selector: 'k-webhooks-page',
  imports: [
    RouterLink,
    MatButton,
    MatIconButton,
    MatMenuModule,
    MatSlideToggle,
    DeliveryBadge,
    EmptyState,
    ListFrame,
    ListHead,
    Icon,
    Time,
  ],
  templateUrl: './webhooks-page.html',
  styleUrl: './webhooks-page.scss',
})
export class WebhooksPage {
  private readonly dialogs = inject(MatDialog);
  private readonly messages = inject(MatSnackBar);
  private readonly router = inject(Router);
  private readonly attempt = inject(RowAttempt);
  private readonly secrets = inject(OneTimeSecrets);

  protected readonly kindLabel = kindLabel;
  protected readonly list = keptList<WebhookSourceOut, object>('webhooks', () =>
    unwrap(listWebhookSources()),
  );

  constructor() {
    inject(PageContext).show([{ label: 'Signals', link: '/signals' }, { label: 'Webhooks' }]);
    void this.list.load({});
  }

  /** The secret goes to the page of the new source, which shows it once. */
  protected async create(): Promise<void> {
    const dialog = this.dialogs.open<SourceDialog, undefined, WebhookSourceWithSecret>(
      SourceDialog,
      {
        width: '520px',
      },
    );
    const made = await firstValueFrom(dialog.afterClosed());
    if (!made) return;
    this.secrets.keep(made.id, made.secret);
    await this.router.navigate(['/signals/webhooks', made.id]);
  }

  /** The switch goes back when it could not be done. */
  protected async switch(source: WebhookSourceOut, change: MatSlideToggleChange): Promise<void> {
    const enabled = change.checked;
    const failed = `${shortName(source.name)} was not switched ${enabled ? 'on' : 'off'}`;
    const save = async (): Promise<void> => {
      const changed = await changeSource(source, { enabled });
      this.list.update((items) => items.map((item) => (item.id === changed.id ? changed : item)));
    };
    const done = await this.attempt.make(failed, save, `switch ${source.id}`);
    if (!done) change.source.checked = !enabled;
  }

  protected async delete(source: WebhookSourceOut): Promise<void> {
    const agreed = await confirm(this.dialogs, {
      title: `Delete ${source.name}?`,
      text: 'Its address stops working at once and its deliveries are forgotten. Signals it sent are kept.',
      action: 'Delete',
    });
    if (!agreed) return;
    const failed = `${shortName(source.name)} was not deleted`;
    const remove = async (): Promise<void> => {
      await unwrap(deleteWebhookSource({ path: { source_id: source.id } }));
      this.list.update((items) => items.filter((item) => item.id !== source.id));
      this.messages.open(`Deleted ${source.name}`, undefined, { duration: 4000 });
    };
    await this.attempt.make(failed, remove, `delete ${source.id}`);
  }

  /** The link in the row serves keyboards; the rest of the row serves the mouse. */
  protected open(event: MouseEvent, source: WebhookSourceOut): void {
    if ((event.target as HTMLElement).closest('a, button, mat-slide-toggle')) return;
    void this.router.navigate(['/signals/webhooks', source.id]);
  }
}
