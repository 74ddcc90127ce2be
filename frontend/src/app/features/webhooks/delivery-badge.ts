import { Component, computed, input } from '@angular/core';
import type { DeliveryOut } from '@core/api';
import { Icon } from '@shared/icon';

/** How a delivery was answered: icon, word and HTTP status. */
@Component({
  selector: 'k-delivery-badge',
  imports: [Icon],
  template: `<k-icon [name]="taken() ? 'check_circle' : 'error'" [size]="16" />
    <span>{{ taken() ? 'Accepted' : 'Refused' }} {{ delivery().status }}</span>`,
  host: { '[class.taken]': 'taken()' },
  styles: `
    :host {
      display: inline-flex;
      align-items: center;
      gap: 6px;
      vertical-align: middle;
      color: var(--k-failed);
      font-size: 13px;
      white-space: nowrap;
    }
    :host(.taken) {
      color: var(--k-done);
    }
  `,
})
export class DeliveryBadge {
  readonly delivery = input.required<DeliveryOut>();
  protected readonly taken = computed(() => this.delivery().status < 400);
}
