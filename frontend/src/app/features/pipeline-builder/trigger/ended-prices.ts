import { Component, computed, inject, input, resource } from '@angular/core';
import { PriceEnds } from '@core/market/price-ends';
import { Notice } from '@shared/notice';
import { endedPricesInWords } from '../domain/ended-prices';

/** Warns before something starts by itself on prices that have ended: it would fail each time. */
@Component({
  selector: 'k-ended-prices',
  imports: [Notice],
  template: `
    @if (warning(); as text) {
      <k-notice kind="warning" icon="history_toggle_off" role="status">{{ text }}</k-notice>
    }
  `,
})
export class EndedPrices {
  private readonly ends = inject(PriceEnds);

  readonly symbols = input.required<readonly string[]>();

  private readonly asked = computed(() => this.symbols(), {
    equal: (a, b) => a.join() === b.join(),
  });
  private readonly ended = resource({
    params: () => (this.asked().length ? this.asked() : undefined),
    loader: ({ params }) => this.ends.ended(params),
  });
  protected readonly warning = computed(() =>
    this.ended.hasValue() ? endedPricesInWords(this.ended.value()) : '',
  );
}
