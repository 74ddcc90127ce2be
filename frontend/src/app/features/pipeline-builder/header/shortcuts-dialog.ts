import { Component, inject } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MAT_DIALOG_DATA, MatDialogModule } from '@angular/material/dialog';

export interface ShortcutHelp {
  readonly group: string;
  readonly rows: readonly { readonly label: string; readonly keys: readonly string[] }[];
}

/** Every key of the editor, by what it is for. */
@Component({
  selector: 'k-shortcuts-dialog',
  imports: [MatButton, MatDialogModule],
  template: `
    <h2 mat-dialog-title>Keyboard shortcuts</h2>
    <mat-dialog-content tabindex="0">
      @for (part of data; track part.group) {
        <section>
          <h3>{{ part.group }}</h3>
          @for (row of part.rows; track row.label) {
            <p>
              <span>{{ row.label }}</span>
              <span>
                @for (key of row.keys; track key) {
                  <kbd>{{ key }}</kbd>
                }
              </span>
            </p>
          }
        </section>
      }
    </mat-dialog-content>
    <mat-dialog-actions align="end">
      <button matButton mat-dialog-close type="button">Close</button>
    </mat-dialog-actions>
  `,
  styles: `
    mat-dialog-content {
      columns: 2 280px;
      column-gap: 40px;
    }
    section {
      break-inside: avoid;
      margin-bottom: 20px;
    }
    h3 {
      margin-bottom: 4px;
      color: var(--mat-sys-on-surface);
    }
    p {
      display: flex;
      align-items: center;
      justify-content: space-between;
      gap: 16px;
      min-height: 32px;
      font-size: 13px;
    }
    kbd {
      display: inline-block;
      margin-left: 4px;
      padding: 1px 6px;
      border: 1px solid var(--mat-sys-outline-variant);
      border-radius: 4px;
      background: var(--mat-sys-surface-container-low);
      color: var(--mat-sys-on-surface);
      font: 12px / 18px var(--k-mono);
      white-space: nowrap;
    }
  `,
})
export class ShortcutsDialog {
  protected readonly data = inject<readonly ShortcutHelp[]>(MAT_DIALOG_DATA);
}
