import { Component, computed, input } from '@angular/core';
import { MODE_LABELS, type TradingMode } from './mode';

/** The trading mode: its word, in its colour. */
@Component({
  selector: 'k-mode-badge',
  template: `<span class="dot"></span>{{ label() }}`,
  host: { '[style.--c]': 'colour()' },
  styles: `
    :host {
      display: inline-flex;
      align-items: center;
      gap: 6px;
      height: 22px;
      padding: 0 8px;
      border-radius: 4px;
      background: color-mix(in oklab, var(--c) 10%, transparent);
      color: var(--c);
      font-size: 12px;
      font-weight: 500;
      white-space: nowrap;
      vertical-align: middle;
    }
    .dot {
      width: 6px;
      height: 6px;
      border-radius: 50%;
      background: currentColor;
    }
  `,
})
export class ModeBadge {
  readonly mode = input.required<TradingMode>();
  protected readonly label = computed(() => MODE_LABELS[this.mode()]);
  protected readonly colour = computed(() => `var(--k-mode-${this.mode()})`);
}
