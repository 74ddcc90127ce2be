import { Component, computed, inject, input, resource } from '@angular/core';
import { PriceAges } from '@core/market/price-ages';
import { Notice } from '@shared/notice';
import { oldPricesInWords } from '../domain/old-prices';

/** Warns before something starts by itself on prices that have stopped. */
@Component({
  selector: 'k-old-prices',
  imports: [Notice],
  template: `
    @if (warning(); as text) {
      <k-notice kind="warning" icon="history_toggle_off" role="status">{{ text }}</k-notice>
    }
  `,
})
export class OldPrices {
  private readonly ages = inject(PriceAges);

  readonly symbols = input.required<readonly string[]>();
  readonly by = input.required<'schedule' | 'signal'>();

  private readonly asked = computed(() => this.symbols(), {
    equal: (a, b) => a.join() === b.join(),
  });
  private readonly old = resource({
    params: () => (this.asked().length ? this.asked() : undefined),
    loader: ({ params }) => this.ages.old(params),
  });
  protected readonly warning = computed(() =>
    this.old.hasValue() ? oldPricesInWords(this.old.value(), this.by()) : '',
  );
}
