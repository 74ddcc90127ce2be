import { Component } from '@angular/core';
import { ReactiveFormsModule } from '@angular/forms';
import { MatFormField } from '@angular/material/form-field';
import { MatOption, MatSelect } from '@angular/material/select';
import { MatSlideToggle } from '@angular/material/slide-toggle';
import { MatSlider, MatSliderThumb } from '@angular/material/slider';
import { FieldType, type FieldTypeConfig } from '@ngx-formly/core';
import { humanise } from '../build-fields';
import type { JsonSchema } from '../json-schema';

/** The label of an enum value: the schema's own, else the value in words. */
export function optionLabel(schema: JsonSchema, value: unknown): string {
  return schema['x-enum-labels']?.[String(value)] ?? humanise(String(value));
}

/** One of a list of values. */
@Component({
  selector: 'k-choice-field',
  imports: [ReactiveFormsModule, MatFormField, MatSelect, MatOption],
  template: `
    <mat-form-field class="k-dense">
      <mat-select
        [id]="id"
        [formControl]="formControl"
        [placeholder]="schema.nullable ? 'None' : 'Choose'"
        [aria-labelledby]="id + '-label'"
        [aria-describedby]="id + '-help'"
      >
        @if (schema.nullable) {
          <mat-option [value]="null">None</mat-option>
        }
        @for (value of schema.enum; track value) {
          <mat-option [value]="value">{{ label(value) }}</mat-option>
        }
      </mat-select>
    </mat-form-field>
  `,
})
export class ChoiceField extends FieldType<FieldTypeConfig> {
  protected get schema(): JsonSchema {
    return this.props['schema'];
  }

  protected label(value: unknown): string {
    return optionLabel(this.schema, value);
  }
}

/** On or off. */
@Component({
  selector: 'k-toggle-field',
  imports: [ReactiveFormsModule, MatSlideToggle],
  template: `
    <mat-slide-toggle
      hideIcon
      [id]="id + '-toggle'"
      [aria-labelledby]="id + '-label'"
      [formControl]="formControl"
    >
      {{ formControl.value ? 'On' : 'Off' }}
    </mat-slide-toggle>
  `,
})
export class ToggleField extends FieldType<FieldTypeConfig> {}

/** A bounded number: slider and field side by side. */
@Component({
  selector: 'k-slider-field',
  imports: [ReactiveFormsModule, MatSlider, MatSliderThumb],
  template: `
    <mat-slider [min]="min" [max]="max" [step]="step" [disabled]="props.disabled ?? false">
      <input
        matSliderThumb
        [id]="id"
        [attr.aria-describedby]="id + '-help'"
        [formControl]="formControl"
      />
    </mat-slider>
    <output class="value">{{ formControl.value }}{{ unit }}</output>
  `,
  styles: `
    :host {
      display: flex;
      align-items: center;
      gap: 12px;
      height: 36px;
    }
    mat-slider {
      flex: 1;
      min-width: 0;
      margin: 0 8px;
    }
    .value {
      min-width: 56px;
      text-align: right;
    }
  `,
})
export class SliderField extends FieldType<FieldTypeConfig> {
  private get schema(): JsonSchema {
    return this.props['schema'];
  }

  protected get min(): number {
    return this.schema.minimum ?? 0;
  }

  protected get max(): number {
    return this.schema.maximum ?? 100;
  }

  /** The schema's multiple, else 1 for whole numbers, else a hundredth of the range. */
  protected get step(): number {
    const { multipleOf, type } = this.schema;
    return multipleOf ?? (type === 'integer' ? 1 : (this.max - this.min) / 100);
  }

  protected get unit(): string {
    return this.props['unit'] ? ` ${this.props['unit']}` : '';
  }
}

/** A value that cannot be changed. */
@Component({
  selector: 'k-constant-field',
  template: `<output [id]="id">{{ formControl.value }}</output>`,
})
export class ConstantField extends FieldType<FieldTypeConfig> {}
