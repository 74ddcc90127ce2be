import { Component, computed, inject, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import {
  MAT_DIALOG_DATA,
  MatDialog,
  MatDialogModule,
  MatDialogRef,
} from '@angular/material/dialog';
import { firstValueFrom } from 'rxjs';

export interface Confirmation {
  readonly title: string;
  /** What will happen, and what cannot be undone. */
  readonly text: string;
  /** The verb on the button that does it. */
  readonly action: string;
  /** A name that has to be typed first. */
  readonly typedName?: string;
}

@Component({
  selector: 'k-confirm-dialog',
  imports: [MatDialogModule, MatButton],
  template: `
    <h2 mat-dialog-title>{{ data.title }}</h2>
    <mat-dialog-content>
      <p>{{ data.text }}</p>
      @if (data.typedName) {
        <label for="k-confirm-name"
          >Type the name to confirm: <b>{{ data.typedName }}</b></label
        >
        <input
          #name
          id="k-confirm-name"
          class="k-input"
          autocomplete="off"
          (input)="typed.set(name.value)"
          (keydown.enter)="allowed() && dialog.close(true)"
        />
      }
    </mat-dialog-content>
    <mat-dialog-actions align="end">
      <button matButton type="button" (click)="dialog.close(false)">Cancel</button>
      <button
        matButton="filled"
        type="button"
        class="k-danger"
        [disabled]="!allowed()"
        (click)="dialog.close(true)"
      >
        {{ data.action }}
      </button>
    </mat-dialog-actions>
  `,
  styles: `
    label {
      display: block;
      margin: 16px 0 6px;
      overflow-wrap: anywhere;
    }
  `,
})
export class ConfirmDialog {
  protected readonly data = inject<Confirmation>(MAT_DIALOG_DATA);
  protected readonly dialog = inject<MatDialogRef<ConfirmDialog, boolean>>(MatDialogRef);
  protected readonly typed = signal('');
  protected readonly allowed = computed(
    () => !this.data.typedName || this.typed().trim() === this.data.typedName.trim(),
  );
}

/** Asks before something that cannot be undone; resolves to whether to go on. */
export async function confirm(dialogs: MatDialog, data: Confirmation): Promise<boolean> {
  const opened = dialogs.open<ConfirmDialog, Confirmation, boolean>(ConfirmDialog, {
    data,
    width: '480px',
  });
  return (await firstValueFrom(opened.afterClosed())) ?? false;
}

/** Asks before a page with a form that was filled in is left. */
export function confirmLeaving(dialogs: MatDialog): Promise<boolean> {
  return confirm(dialogs, {
    title: 'Leave without saving?',
    text: 'What you changed on this page is not saved.',
    action: 'Leave',
  });
}
