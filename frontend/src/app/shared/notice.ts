import { Component, input } from '@angular/core';
import { Icon } from './icon';

/** A quiet line about something worth knowing. */
@Component({
  selector: 'k-notice',
  imports: [Icon],
  template: `<k-icon [name]="icon()" [size]="18" /><span><ng-content /></span>`,
  host: { '[class.warning]': 'kind() === "warning"' },
  styles: `
    :host {
      display: flex;
      gap: 10px;
      padding: 10px 12px;
      border: 1px solid var(--mat-sys-outline-variant);
      border-radius: 8px;
      background: var(--mat-sys-surface-container-low);
      font-size: 13px;
    }
    k-icon {
      margin-top: 1px;
      color: var(--mat-sys-on-surface-variant);
    }
    :host(.warning) k-icon {
      color: var(--k-warning);
    }
  `,
})
export class Notice {
  readonly icon = input('info');
  readonly kind = input<'info' | 'warning'>('info');
}
