import { Component, computed, inject, resource } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { MatSnackBar } from '@angular/material/snack-bar';
import { type ApiKeyOut, listApiKeys, revokeApiKey } from '@core/api';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { RowAttempt } from '@core/page/row-attempt';
import { confirm } from '@shared/confirm-dialog';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { shortName } from '@shared/format/texts';
import { Skeleton } from '@shared/skeleton';
import { Ticking } from '@shared/ticking';
import { Time } from '@shared/time';
import { firstValueFrom } from 'rxjs';
import { KeyDialog } from './key-dialog';
import { endOf } from './key-words';

/** The keys with which programs speak for the account. */
@Component({
  selector: 'k-key-list',
  imports: [MatButton, EmptyState, ErrorState, Skeleton, Time],
  templateUrl: './key-list.html',
  styleUrl: './key-list.scss',
})
export class KeyList {
  private readonly dialogs = inject(MatDialog);
  private readonly messages = inject(MatSnackBar);
  private readonly ticking = inject(Ticking);
  private readonly attempt = inject(RowAttempt);

  protected readonly keys = resource({ loader: () => unwrap(listApiKeys()) });
  private readonly ends = computed(() => {
    const now = this.ticking.nowMs();
    const items = this.keys.hasValue() ? this.keys.value().items : [];
    return items.map((key) => ({ key, end: endOf(key, now) }));
  });
  protected readonly working = computed(() =>
    this.ends().flatMap(({ key, end }) => (end ? [] : [key])),
  );
  protected readonly ended = computed(() => this.ends().filter(({ end }) => end));

  protected loadError(): ProblemError | null {
    const error = this.keys.error();
    return error ? toProblemError(error) : null;
  }

  protected async create(): Promise<void> {
    const dialog = this.dialogs.open<KeyDialog, undefined, boolean>(KeyDialog, { width: '520px' });
    if (await firstValueFrom(dialog.afterClosed())) this.keys.reload();
  }

  protected async revoke(key: ApiKeyOut): Promise<void> {
    const agreed = await confirm(this.dialogs, {
      title: `Revoke ${key.name}?`,
      text: 'Whatever still uses this key is refused from now on. This cannot be undone.',
      action: 'Revoke',
    });
    if (!agreed) return;
    const revoke = async (): Promise<void> => {
      await unwrap(revokeApiKey({ path: { key_id: key.id } }));
      this.messages.open(`Revoked ${key.name}`, undefined, { duration: 4000 });
      this.keys.reload();
    };
    const failed = `${shortName(key.name)} was not revoked`;
    await this.attempt.make(failed, revoke, `revoke ${key.id}`);
  }
}
