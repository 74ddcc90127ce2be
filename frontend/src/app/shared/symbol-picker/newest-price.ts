import { Component, computed, inject, input, resource } from '@angular/core';
import { Icon } from '../icon';
import { isOld, newestInWords } from './price-range';
import { SYMBOL_SEARCH } from './symbol-search';

/** "newest price 1 Mar 2013": how far the prices of a symbol go, unless they go on to this moment. */
@Component({
  selector: 'k-newest-price',
  imports: [Icon],
  template: `
    @if (text(); as text) {
      <span title="A run as of now sees no price after this one.">
        <k-icon name="history" [size]="16" />{{ text }}
      </span>
    }
  `,
  host: { '[class.old]': 'old()' },
  styles: `
    span {
      display: inline-flex;
      align-items: center;
      gap: 4px;
      color: var(--mat-sys-on-surface-variant);
      font-size: 13px;
      white-space: nowrap;
    }
    :host(.old) k-icon {
      color: var(--k-warning);
    }
  `,
})
export class NewestPrice {
  private readonly search = inject(SYMBOL_SEARCH);

  readonly symbol = input.required<string>();

  private readonly found = resource({
    params: () => this.symbol() || undefined,
    loader: async ({ params }) =>
      (await this.search(params)).find(({ symbol }) => symbol === params) ?? null,
  });
  private readonly range = computed(() => (this.found.hasValue() ? this.found.value() : null));
  protected readonly text = computed(() => newestInWords(this.range()));
  protected readonly old = computed(() => isOld(this.range()));
}
