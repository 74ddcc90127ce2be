import { Component, computed, input } from '@angular/core';
import { type Decimal, formatChange } from './format/numbers';
import { ARROWS, SIGNED_STYLES, wayOf } from './signed';

/** Profit or loss: arrow, sign and colour together; a dash when not known. */
@Component({
  selector: 'k-signed-amount',
  template: `
    @if (arrow(); as arrow) {
      <span aria-hidden="true">{{ arrow }}</span>
    }
    {{ text() }}
  `,
  host: { '[class]': 'way()' },
  styles: SIGNED_STYLES,
})
export class SignedAmount {
  readonly amount = input.required<Decimal | null | undefined>();
  readonly currency = input('USD');

  private readonly number = computed(() => {
    const amount = this.amount();
    return amount === null || amount === undefined || amount === '' ? 0 : Number(amount);
  });
  protected readonly way = computed(() => wayOf(Math.round(this.number() * 100)));
  protected readonly arrow = computed(() => ARROWS[this.way()]);
  protected readonly text = computed(() => formatChange(this.amount(), this.currency()));
}
