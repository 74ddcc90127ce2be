import { Component, inject, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialogModule, MatDialogRef } from '@angular/material/dialog';
import { createWebhookSource, type WebhookSourceWithSecret } from '@core/api';
import { Attempt } from '@core/http/attempt';
import { unwrap } from '@core/http/unwrap';
import { ErrorState } from '@shared/error-state';
import { Icon } from '@shared/icon';
import { SOURCE_KINDS, type SourceKind } from './source-kinds';

/** Makes a webhook source; closes with it and its secret. */
@Component({
  selector: 'k-source-dialog',
  imports: [MatDialogModule, MatButton, ErrorState, Icon],
  template: `
    <h2 mat-dialog-title>New webhook</h2>
    <mat-dialog-content>
      <label class="k-label" for="source-name">Name</label>
      <input
        #name
        id="source-name"
        class="k-input"
        autocomplete="off"
        maxlength="120"
        placeholder="Breakout scripts"
        [attr.aria-invalid]="tried() && !name.value.trim() ? 'true' : null"
        (input)="typed.set(name.value)"
        (keydown.enter)="create()"
      />
      <p class="k-help">Its signals carry this name as their source.</p>
      <span class="k-label kind" id="source-kind">Who sends</span>
      <div class="kinds" role="radiogroup" aria-labelledby="source-kind">
        @for (look of kinds; track look.kind) {
          <label [class.on]="kind() === look.kind">
            <input
              type="radio"
              name="source-kind"
              class="k-sr-only"
              [checked]="kind() === look.kind"
              (change)="kind.set(look.kind)"
            />
            <k-icon [name]="look.icon" />
            <span
              ><b>{{ look.label }}</b
              ><span class="k-muted">{{ look.text }}</span></span
            >
          </label>
        }
      </div>
      @if (problem(); as error) {
        <k-error-state [error]="error" [retryable]="false" />
      }
    </mat-dialog-content>
    <mat-dialog-actions align="end">
      <button matButton type="button" (click)="dialog.close()">Cancel</button>
      <button matButton="filled" type="button" [disabled]="busy()" (click)="create()">
        {{ busy() ? 'Creating' : 'Create webhook' }}
      </button>
    </mat-dialog-actions>
  `,
  styleUrl: './source-dialog.scss',
})
export class SourceDialog {
  protected readonly dialog =
    inject<MatDialogRef<SourceDialog, WebhookSourceWithSecret>>(MatDialogRef);
  protected readonly kinds = SOURCE_KINDS;
  protected readonly kind = signal<SourceKind>('hmac');
  protected readonly typed = signal('');
  protected readonly tried = signal(false);
  private readonly attempt = new Attempt();
  protected readonly busy = this.attempt.busy;
  protected readonly problem = this.attempt.problem;

  protected async create(): Promise<void> {
    const [name, kind] = [this.typed().trim(), this.kind()];
    this.tried.set(true);
    if (!name) return;
    await this.attempt.make(async () => {
      this.dialog.close(await unwrap(createWebhookSource({ body: { name, kind } })));
    });
  }
}
