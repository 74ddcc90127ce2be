import { Component } from '@angular/core';
import { FieldWrapper } from '@ngx-formly/core';
import { Icon } from '@shared/icon';

/** A titled section of fields. */
@Component({
  selector: 'k-group-wrapper',
  template: `
    <fieldset>
      <legend>{{ props.label }}</legend>
      <ng-container #fieldComponent />
    </fieldset>
  `,
  styles: `
    fieldset {
      min-width: 0;
      margin: 0 0 4px;
      padding: 12px 0 0;
      border: 0;
      border-top: 1px solid var(--mat-sys-outline-variant);
    }
    legend {
      padding: 0 8px 0 0;
      color: var(--mat-sys-on-surface-variant);
      font-size: 12px;
      font-weight: 500;
    }
  `,
})
export class GroupWrapper extends FieldWrapper {}

/** Fields that few people change, closed at first. */
@Component({
  selector: 'k-advanced-wrapper',
  imports: [Icon],
  template: `
    <details [open]="faulty">
      <summary><k-icon name="chevron_right" [size]="18" />{{ props.label }}</summary>
      <div class="body"><ng-container #fieldComponent /></div>
    </details>
  `,
  styles: `
    details {
      border-top: 1px solid var(--mat-sys-outline-variant);
    }
    summary {
      display: flex;
      align-items: center;
      gap: 4px;
      padding: 10px 0;
      font-size: 13px;
      font-weight: 500;
      list-style: none;
      cursor: pointer;
    }
    summary::-webkit-details-marker {
      display: none;
    }
    k-icon {
      transition: transform 120ms;
    }
    details[open] k-icon {
      transform: rotate(90deg);
    }
  `,
})
export class AdvancedWrapper extends FieldWrapper {
  /** A fault must not hide behind a closed lid. */
  protected get faulty(): boolean {
    return this.field.fieldGroup?.some(({ formControl }) => formControl?.invalid) ?? false;
  }
}
