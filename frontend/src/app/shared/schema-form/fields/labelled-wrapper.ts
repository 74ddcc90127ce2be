import { Component } from '@angular/core';
import { FieldWrapper } from '@ngx-formly/core';
import { fallbackOf, type SchemaFieldProps } from '../build-fields';
import { SERVER, violation } from '../constraints';

/** Label above, control, then the error or the help text. */
@Component({
  selector: 'k-labelled-wrapper',
  template: `
    <div class="head">
      <label [attr.for]="id" [id]="id + '-label'">{{ props.label }}</label>
      @if (props['schema']?.nullable) {
        <span class="optional">optional</span>
      }
    </div>
    <ng-container #fieldComponent />
    <div class="foot" [id]="id + '-help'">
      @if (showError) {
        <span class="error" role="alert">{{ message }}</span>
      } @else {
        @if (fallback) {
          <span class="fallback">Empty: {{ fallback }}.</span>
        }
        @if (props.description) {
          <span>{{ props.description }}</span>
        }
      }
    </div>
  `,
  styles: `
    :host {
      display: block;
      margin-bottom: 16px;
    }
    .head {
      display: flex;
      justify-content: space-between;
      gap: 8px;
      margin-bottom: 4px;
      font-size: 13px;
      line-height: 18px;
    }
    label {
      font-weight: 500;
    }
    .optional,
    .foot {
      color: var(--mat-sys-on-surface-variant);
      font-size: 12px;
      line-height: 16px;
    }
    .foot {
      margin-top: 4px;
    }
    .foot:not(:has(span)) {
      display: none;
    }
    .fallback {
      margin-right: 4px;
    }
    .error {
      color: var(--mat-sys-error);
    }
  `,
})
export class LabelledWrapper extends FieldWrapper {
  /** What the field stands for while it is empty. */
  protected get fallback(): string {
    const empty = (this.formControl.value ?? null) === null;
    return empty ? fallbackOf(this.props as unknown as SchemaFieldProps) : '';
  }

  /** Text that could not even be read as a value breaks no rule of the schema. */
  protected get message(): string {
    const { schema, required } = this.props as unknown as SchemaFieldProps;
    return (
      violation(this.formControl.value, schema, required) ??
      this.formControl.errors?.[SERVER] ??
      'This is not valid JSON.'
    );
  }
}
