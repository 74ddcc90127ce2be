import { Component, computed, input } from '@angular/core';
import { lookOf } from '@core/trading/order-words';
import type { OrderOut } from '@core/api';
import { Icon } from '@shared/icon';

/** How an order stands: icon, word and colour together. */
@Component({
  selector: 'k-order-state',
  imports: [Icon],
  template: `<k-icon [name]="look().icon" [size]="16" />{{ look().label }}`,
  host: { '[style.--c]': 'colour()' },
  styles: `
    :host {
      display: inline-flex;
      align-items: center;
      gap: 5px;
      min-height: 22px;
      padding: 0 8px 0 6px;
      border-radius: 4px;
      background: color-mix(in oklab, var(--c) 10%, transparent);
      color: var(--c);
      font-size: 12px;
      font-weight: 500;
      line-height: 16px;
      vertical-align: middle;
    }
  `,
})
export class OrderState {
  readonly order = input.required<Pick<OrderOut, 'status' | 'filled_quantity' | 'estimated'>>();
  protected readonly look = computed(() => lookOf(this.order()));
  protected readonly colour = computed(() => `var(--k-${this.look().tone})`);
}
