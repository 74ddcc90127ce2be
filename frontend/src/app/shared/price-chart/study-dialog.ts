import { Component, computed, inject, linkedSignal, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import {
  MAT_DIALOG_DATA,
  type MatDialog,
  MatDialogModule,
  MatDialogRef,
} from '@angular/material/dialog';
import { MatFormFieldModule } from '@angular/material/form-field';
import { MatSelectModule } from '@angular/material/select';
import { firstValueFrom } from 'rxjs';
import type { JsonObject } from '../schema-form/json-schema';
import { SchemaForm, type SchemaFormChange } from '../schema-form/schema-form';
import type { Study, StudyKind } from './chart-types';
import { settingsOf } from './studies';

/** An indicator and its settings, for a chart. */
@Component({
  selector: 'k-study-dialog',
  imports: [MatDialogModule, MatButton, MatFormFieldModule, MatSelectModule, SchemaForm],
  template: `
    <h2 mat-dialog-title>Add an indicator</h2>
    <mat-dialog-content>
      <div>
        <span class="k-label" id="k-study-kind">Indicator</span>
        <mat-form-field class="k-dense">
          <mat-select
            aria-labelledby="k-study-kind"
            [value]="kind()"
            (selectionChange)="kind.set($event.value)"
          >
            @for (one of kinds; track one.name) {
              <mat-option [value]="one">{{ one.title }}</mat-option>
            }
          </mat-select>
        </mat-form-field>
      </div>
      <p class="k-muted">{{ kind()?.description }}</p>
      <k-schema-form [schema]="schema()" [value]="settings()" (changed)="change($event)" />
    </mat-dialog-content>
    <mat-dialog-actions align="end">
      <button matButton type="button" (click)="dialog.close()">Cancel</button>
      <button matButton="filled" type="button" [disabled]="!valid()" (click)="add()">Add</button>
    </mat-dialog-actions>
  `,
})
export class StudyDialog {
  protected readonly kinds = inject<readonly StudyKind[]>(MAT_DIALOG_DATA).filter(
    (kind) => settingsOf(kind).length,
  );
  protected readonly dialog = inject<MatDialogRef<StudyDialog, Study>>(MatDialogRef);
  protected readonly kind = signal(this.kinds[0]);
  protected readonly schema = computed(() => this.kind()?.settings_schema ?? {});
  protected readonly settings = linkedSignal<JsonObject>(() => ({ ...this.kind()?.presets[0] }));
  protected readonly valid = linkedSignal({ source: this.kind, computation: () => true });

  protected change({ value, valid }: SchemaFormChange): void {
    this.settings.set(value);
    this.valid.set(valid);
  }

  protected add(): void {
    const kind = this.kind();
    if (kind) this.dialog.close({ name: kind.name, settings: this.settings() });
  }
}

/** Asks for an indicator with its settings; resolves to nothing when none is wanted. */
export async function chooseStudy(
  dialogs: MatDialog,
  kinds: readonly StudyKind[],
): Promise<Study | undefined> {
  const opened = dialogs.open<StudyDialog, readonly StudyKind[], Study>(StudyDialog, {
    data: kinds,
    width: '420px',
  });
  return firstValueFrom(opened.afterClosed());
}
