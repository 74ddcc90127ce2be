import { Component, computed, inject, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import {
  MAT_DIALOG_DATA,
  MatDialog,
  MatDialogModule,
  MatDialogRef,
} from '@angular/material/dialog';
import { firstValueFrom } from 'rxjs';
import type { PositionOut } from '@core/api';
import { formatQuantity } from '@shared/format/numbers';
import { confirmationOf } from './close-position-words';

export interface ClosingOf {
  readonly position: PositionOut;
  readonly price: string | null;
}

/** Asks before a position is closed, and how much of it; closes with that quantity as text. */
@Component({
  selector: 'k-close-dialog',
  imports: [MatDialogModule, MatButton],
  template: `
    <h2 mat-dialog-title>{{ words().title }}</h2>
    <mat-dialog-content>
      @if (divisible) {
        <label for="k-close-quantity">Quantity</label>
        <input
          #field
          id="k-close-quantity"
          class="k-input"
          inputmode="decimal"
          autocomplete="off"
          aria-describedby="k-close-hint"
          [attr.aria-invalid]="problem() !== null"
          [value]="held"
          (input)="quantity.set(field.value.trim())"
        />
        <p id="k-close-hint" class="hint" role="status">{{ problem() ?? hint }}</p>
      }
      <p>{{ words().text }}</p>
      @if (words().typedName; as name) {
        <label for="k-close-name"
          >Type the name to confirm: <b>{{ name }}</b></label
        >
        <input
          #typing
          id="k-close-name"
          class="k-input"
          autocomplete="off"
          (input)="typed.set(typing.value.trim())"
        />
      }
    </mat-dialog-content>
    <mat-dialog-actions align="end">
      <button matButton type="button" (click)="dialog.close()">Cancel</button>
      <button
        matButton="filled"
        type="button"
        class="k-danger"
        [disabled]="!allowed()"
        (click)="dialog.close(quantity())"
      >
        {{ words().action }}
      </button>
    </mat-dialog-actions>
  `,
  styles: `
    label {
      display: block;
      margin: 4px 0 6px;
      overflow-wrap: anywhere;
    }
    .hint {
      margin: 4px 0 16px;
    }
  `,
})
export class CloseDialog {
  private readonly data = inject<ClosingOf>(MAT_DIALOG_DATA);
  protected readonly dialog = inject<MatDialogRef<CloseDialog, string>>(MatDialogRef);
  protected readonly held = this.data.position.quantity;
  /** Only of an open position a part can be closed. */
  protected readonly divisible = this.data.position.status === 'open';
  protected readonly hint = `Of ${formatQuantity(this.held)}; stop and targets then hold the rest.`;
  protected readonly quantity = signal(this.held);
  protected readonly typed = signal('');
  protected readonly problem = computed(() => problemOf(this.quantity(), this.held));
  protected readonly words = computed(() => {
    const quantity = this.problem() === null ? this.quantity() : this.held;
    return confirmationOf(this.data.position, this.data.price, quantity);
  });
  protected readonly allowed = computed(() => {
    const { typedName } = this.words();
    const fine = !this.divisible || this.problem() === null;
    return fine && (!typedName || this.typed() === typedName);
  });
}

/** What is wrong with a quantity to close of what is held, null for nothing. */
export function problemOf(quantity: string, held: string): string | null {
  const number = Number(quantity);
  if (!quantity || !(number > 0) || !Number.isFinite(number)) return 'Give a quantity above 0.';
  return number > Number(held) ? `Only ${formatQuantity(held)} are held.` : null;
}

/** Asks; resolves to the quantity to close, null when nothing is to be closed. */
export async function askHowMuch(dialogs: MatDialog, data: ClosingOf): Promise<string | null> {
  const opened = dialogs.open<CloseDialog, ClosingOf, string>(CloseDialog, {
    data,
    width: '480px',
  });
  return (await firstValueFrom(opened.afterClosed())) ?? null;
}
