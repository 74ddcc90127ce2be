import { Component } from '@angular/core';
import { ReactiveFormsModule } from '@angular/forms';
import { FieldType, type FieldTypeConfig, FormlyAttributes } from '@ngx-formly/core';
import { fallbackOf } from '../build-fields';

/** One line of text. */
@Component({
  selector: 'k-text-field',
  imports: [ReactiveFormsModule, FormlyAttributes],
  template: `
    <span class="k-control">
      <input
        type="text"
        autocomplete="off"
        [id]="id"
        [formControl]="formControl"
        [formlyAttributes]="field"
        [attr.aria-describedby]="id + '-help'"
        [attr.aria-invalid]="showError || null"
      />
      @if (props['unit']) {
        <span class="k-unit">{{ props['unit'] }}</span>
      }
    </span>
  `,
})
export class TextField extends FieldType<FieldTypeConfig> {}

/** A number; an emptied field is no value at all. */
@Component({
  selector: 'k-number-field',
  template: `
    <span class="k-control">
      <input
        type="text"
        inputmode="decimal"
        autocomplete="off"
        [id]="id"
        [value]="formControl.value ?? ''"
        [placeholder]="fallback"
        [disabled]="props.disabled ?? false"
        [attr.aria-describedby]="id + '-help'"
        [attr.aria-invalid]="showError || null"
        (input)="type($event)"
        (keydown.arrowup)="nudge($event, 1)"
        (keydown.arrowdown)="nudge($event, -1)"
      />
      @if (props['unit']) {
        <span class="k-unit">{{ props['unit'] }}</span>
      }
    </span>
  `,
})
export class NumberField extends FieldType<FieldTypeConfig> {
  /** The unit stands beside the field already. */
  protected get fallback(): string {
    return fallbackOf({ schema: this.props['schema'] });
  }

  protected type(event: Event): void {
    this.write((event.target as HTMLInputElement).value);
  }

  /** Arrow keys step by the schema's multiple, else by 1. */
  protected nudge(event: Event, direction: 1 | -1): void {
    event.preventDefault();
    const step = this.props['schema']?.multipleOf ?? 1;
    const next = Number(this.formControl.value ?? 0) + direction * step;
    this.formControl.setValue(Number(next.toFixed(10)));
    this.formControl.markAsDirty();
  }

  private write(text: string): void {
    const number = Number(text);
    const empty = text.trim() === '';
    const unset = this.props['schema']?.nullable ? null : undefined;
    this.formControl.setValue(empty ? unset : Number.isFinite(number) ? number : text, {
      emitModelToViewChange: false,
    });
    this.formControl.markAsDirty();
  }
}

/** An expression, in a code font. */
@Component({
  selector: 'k-code-field',
  imports: [ReactiveFormsModule, FormlyAttributes],
  template: `
    <textarea
      class="k-code"
      rows="2"
      spellcheck="false"
      autocapitalize="off"
      [id]="id"
      [formControl]="formControl"
      [formlyAttributes]="field"
      [attr.aria-describedby]="id + '-help'"
      [attr.aria-invalid]="showError || null"
    ></textarea>
  `,
})
export class CodeField extends FieldType<FieldTypeConfig> {}

/** Anything without a widget of its own, as JSON. */
@Component({
  selector: 'k-json-field',
  template: `
    <textarea
      class="k-code"
      rows="5"
      spellcheck="false"
      [id]="id"
      [value]="text()"
      [disabled]="props.disabled ?? false"
      [attr.aria-describedby]="id + '-help'"
      [attr.aria-invalid]="showError || null"
      (input)="type($event)"
    ></textarea>
  `,
})
export class JsonField extends FieldType<FieldTypeConfig> {
  private typed: string | null = null;

  protected text(): string {
    return this.typed ?? JSON.stringify(this.formControl.value ?? null, null, 2);
  }

  protected type(event: Event): void {
    this.typed = (event.target as HTMLTextAreaElement).value;
    try {
      this.formControl.setValue(JSON.parse(this.typed));
      this.formControl.markAsDirty();
    } catch {
      this.formControl.setErrors({ schema: true });
    }
  }
}
