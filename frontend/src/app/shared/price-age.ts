import { Component, computed, inject, input } from '@angular/core';
import { formatAge, formatExact } from './format/times';
import { Ticking } from './ticking';

/** That a price is old, and how old: `last price 12 s old`. */
@Component({
  selector: 'k-price-age',
  template: `<span [title]="exact()">last price {{ text() }}</span>`,
  styles: `
    :host {
      color: var(--k-warning);
      white-space: nowrap;
    }
  `,
})
export class PriceAge {
  /** ISO 8601. */
  readonly at = input.required<string>();

  private readonly ticking = inject(Ticking);
  protected readonly text = computed(() => formatAge(this.at(), this.ticking.nowMs()));
  protected readonly exact = computed(() => formatExact(this.at()));
}
