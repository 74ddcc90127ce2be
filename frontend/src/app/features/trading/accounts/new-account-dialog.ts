import { Component, computed, inject, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialogModule, MatDialogRef } from '@angular/material/dialog';
import { openAccount } from '@core/api';
import { Attempt } from '@core/http/attempt';
import { unwrap } from '@core/http/unwrap';
import { Accounts } from '@core/trading/accounts';
import { ErrorState } from '@shared/error-state';

/** Opens a further simulation account. */
@Component({
  selector: 'k-new-account-dialog',
  imports: [ErrorState, MatButton, MatDialogModule],
  template: `
    <h2 mat-dialog-title>New simulation account</h2>
    <mat-dialog-content>
      <form id="new-account" (submit)="$event.preventDefault(); open()">
        <label class="k-label" for="new-account-name">Name</label>
        <input
          #called
          id="new-account-name"
          class="k-input"
          autocomplete="off"
          maxlength="120"
          (input)="name.set(called.value)"
        />
        <label class="k-label" for="new-account-balance">Starting balance, USD</label>
        <input
          #amount
          id="new-account-balance"
          class="k-input"
          inputmode="decimal"
          autocomplete="off"
          [value]="balance()"
          (input)="balance.set(amount.value)"
        />
        <p class="k-help">How kind its venue is can be set afterwards.</p>
      </form>
      @if (attempt.problem(); as error) {
        <k-error-state [error]="error" [retryable]="false" />
      }
    </mat-dialog-content>
    <mat-dialog-actions align="end">
      <button matButton type="button" (click)="dialog.close()">Cancel</button>
      <button matButton="filled" type="submit" form="new-account" [disabled]="!allowed()">
        Open account
      </button>
    </mat-dialog-actions>
  `,
  styles: `
    .k-input + .k-label {
      margin-top: 16px;
    }
    k-error-state {
      margin-top: 16px;
    }
  `,
})
export class NewAccountDialog {
  private readonly accounts = inject(Accounts);
  protected readonly dialog = inject<MatDialogRef<NewAccountDialog>>(MatDialogRef);
  protected readonly attempt = new Attempt();
  protected readonly name = signal('');
  protected readonly balance = signal('100000');
  protected readonly allowed = computed(
    () => this.name().trim() !== '' && Number(clean(this.balance())) > 0 && !this.attempt.busy(),
  );

  protected async open(): Promise<void> {
    if (!this.allowed()) return;
    const simulation = { starting_balance: clean(this.balance()) };
    const opened = await this.attempt.make(async () => {
      await unwrap(openAccount({ body: { name: this.name().trim(), simulation } }));
      await this.accounts.reload();
    });
    if (opened) this.dialog.close();
  }
}

function clean(text: string): string {
  return text.replaceAll(/[\s,]/g, '');
}
