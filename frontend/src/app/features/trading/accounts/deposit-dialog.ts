import { Component, computed, inject, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MAT_DIALOG_DATA, MatDialogModule, MatDialogRef } from '@angular/material/dialog';
import { Attempt } from '@core/http/attempt';
import { unwrap } from '@core/http/unwrap';
import { Accounts } from '@core/trading/accounts';
import { type AccountOut, deposit } from '@core/api';
import { ErrorState } from '@shared/error-state';

/** Pays into an account. */
@Component({
  selector: 'k-deposit-dialog',
  imports: [ErrorState, MatButton, MatDialogModule],
  template: `
    <h2 mat-dialog-title>Pay into {{ account.name }}</h2>
    <mat-dialog-content>
      <form id="deposit" (submit)="$event.preventDefault(); pay()">
        <label class="k-label" for="deposit-amount">Amount, {{ account.currency }}</label>
        <input
          #box
          id="deposit-amount"
          class="k-input"
          inputmode="decimal"
          autocomplete="off"
          (input)="amount.set(box.value)"
        />
        <p class="k-help">Simulated money. It is booked as a deposit and counts as no profit.</p>
      </form>
      @if (attempt.problem(); as error) {
        <k-error-state [error]="error" [retryable]="false" />
      }
    </mat-dialog-content>
    <mat-dialog-actions align="end">
      <button matButton type="button" (click)="dialog.close()">Cancel</button>
      <button matButton="filled" type="submit" form="deposit" [disabled]="!allowed()">
        Pay in
      </button>
    </mat-dialog-actions>
  `,
  styles: `
    k-error-state {
      margin-top: 16px;
    }
  `,
})
export class DepositDialog {
  private readonly accounts = inject(Accounts);
  protected readonly account = inject<AccountOut>(MAT_DIALOG_DATA);
  protected readonly dialog = inject<MatDialogRef<DepositDialog, boolean>>(MatDialogRef);
  protected readonly attempt = new Attempt();
  protected readonly amount = signal('');
  private readonly clean = computed(() => this.amount().replaceAll(/[\s,]/g, ''));
  protected readonly allowed = computed(() => Number(this.clean()) > 0 && !this.attempt.busy());
  private readonly key = crypto.randomUUID();

  protected async pay(): Promise<void> {
    if (!this.allowed()) return;
    const { currency, id: account_id } = this.account;
    const paid = await this.attempt.make(async () => {
      const body = { amount: this.clean(), currency };
      const headers = { 'Idempotency-Key': this.key };
      await unwrap(deposit({ path: { account_id }, body, headers }));
      await this.accounts.reload();
    });
    if (paid) this.dialog.close(true);
  }
}
