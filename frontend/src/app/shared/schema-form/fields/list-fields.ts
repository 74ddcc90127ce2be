import { Component } from '@angular/core';
import { FieldType, type FieldTypeConfig } from '@ngx-formly/core';
import { Icon } from '@shared/icon';
import { SymbolPicker } from '@shared/symbol-picker/symbol-picker';
import type { JsonSchema } from '../json-schema';
import { optionLabel } from './choice-fields';

/** Some of a known set of values: each can be switched on and off. */
@Component({
  selector: 'k-options-field',
  template: `
    <div role="group" [attr.aria-labelledby]="id + '-label'">
      @for (value of allowed; track value) {
        <button
          type="button"
          class="k-chip"
          [class.on]="has(value)"
          [attr.aria-pressed]="has(value)"
          [disabled]="props.disabled"
          (click)="toggle(value)"
        >
          {{ label(value) }}
        </button>
      }
    </div>
  `,
  styles: `
    div {
      display: flex;
      flex-wrap: wrap;
      gap: 6px;
    }
  `,
})
export class OptionsField extends FieldType<FieldTypeConfig> {
  protected get allowed(): readonly unknown[] {
    return this.items.enum ?? [];
  }

  protected label(value: unknown): string {
    const labels = (this.props['schema'] as JsonSchema)['x-enum-labels'];
    return (
      labels?.[String(value)] ??
      (this.items['x-enum-labels'] ? optionLabel(this.items, value) : String(value))
    );
  }

  protected has(value: unknown): boolean {
    return this.chosen.includes(value);
  }

  /** Keeps the order of the schema, whatever order they were chosen in. */
  protected toggle(value: unknown): void {
    const chosen = this.has(value)
      ? this.chosen.filter((item) => item !== value)
      : [...this.chosen, value];
    this.formControl.setValue(this.allowed.filter((option) => chosen.includes(option)));
    this.formControl.markAsDirty();
  }

  private get items(): JsonSchema {
    return (this.props['schema'] as JsonSchema).items ?? {};
  }

  private get chosen(): readonly unknown[] {
    return this.formControl.value ?? [];
  }
}

/** A list of words or numbers: type one and press Enter. */
@Component({
  selector: 'k-chips-field',
  imports: [Icon],
  template: `
    <div class="box" [class.invalid]="showError">
      @for (item of list; track $index) {
        <span class="k-chip on">
          {{ item }}
          <button
            type="button"
            [attr.aria-label]="'Remove ' + item"
            [disabled]="props.disabled"
            (click)="remove($index)"
          >
            <k-icon name="close" [size]="14" />
          </button>
        </span>
      }
      <input
        #box
        type="text"
        autocomplete="off"
        placeholder="Add"
        [id]="id"
        [disabled]="props.disabled ?? false"
        [attr.aria-describedby]="id + '-help'"
        (keydown.enter)="$event.preventDefault(); add(box)"
        (keydown.backspace)="box.value === '' && remove(list.length - 1)"
        (blur)="add(box)"
      />
    </div>
  `,
  styles: `
    .box {
      display: flex;
      flex-wrap: wrap;
      gap: 4px;
      padding: 4px;
      border: 1px solid var(--mat-sys-outline);
      border-radius: 6px;
    }
    .box:focus-within {
      border-color: var(--mat-sys-primary);
      box-shadow: inset 0 0 0 1px var(--mat-sys-primary);
    }
    .box.invalid {
      border-color: var(--mat-sys-error);
    }
    input {
      flex: 1;
      min-width: 48px;
      height: 26px;
      padding: 0 6px;
      border: 0;
      outline: 0;
      background: transparent;
      color: inherit;
      font: inherit;
    }
    span button {
      display: grid;
      place-items: center;
      width: 24px;
      height: 24px;
      margin-right: -8px;
      padding: 0;
      border: 0;
      background: transparent;
      color: inherit;
      cursor: pointer;
    }
  `,
})
export class ChipsField extends FieldType<FieldTypeConfig> {
  protected get list(): readonly unknown[] {
    return this.formControl.value ?? [];
  }

  protected add(box: HTMLInputElement): void {
    const text = box.value.trim();
    box.value = '';
    if (text) this.write([...this.list, this.parse(text)]);
  }

  protected remove(index: number): void {
    if (index >= 0) this.write(this.list.filter((_, at) => at !== index));
  }

  private parse(text: string): unknown {
    const type = (this.props['schema'] as JsonSchema).items?.type;
    const number = Number(text);
    return type !== 'string' && Number.isFinite(number) ? number : text;
  }

  private write(list: readonly unknown[]): void {
    this.formControl.setValue(list);
    this.formControl.markAsDirty();
  }
}

/** An instrument, found by typing. */
@Component({
  selector: 'k-symbol-field',
  imports: [SymbolPicker],
  template: `
    <k-symbol-picker
      [inputId]="id"
      [value]="formControl.value ?? ''"
      [disabled]="props.disabled ?? false"
      [label]="props.label ?? 'Symbol'"
      (valueChange)="write($event)"
    />
  `,
})
export class SymbolField extends FieldType<FieldTypeConfig> {
  protected write(symbol: string): void {
    this.formControl.setValue(symbol === '' ? null : symbol);
    this.formControl.markAsDirty();
  }
}
