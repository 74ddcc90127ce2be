import { Component, computed, input } from '@angular/core';
import { type Decimal, formatChange } from './format/numbers';

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
  styles: `
    :host {
      white-space: nowrap;
      font-variant-numeric: tabular-nums;
    }
    :host(.up) {
      color: var(--k-gain);
    }
    :host(.down) {
      color: var(--k-loss);
    }
    :host(.none) {
      color: var(--mat-sys-on-surface-variant);
    }
    span {
      font-size: 0.8em;
    }
  `,
})
export class SignedAmount {
  readonly amount = input.required<Decimal | null | undefined>();
  readonly currency = input('USD');

  private readonly number = computed(() => {
    const amount = this.amount();
    return amount === null || amount === undefined || amount === '' ? 0 : Number(amount);
  });
  protected readonly way = computed(() => {
    const cents = Math.round(this.number() * 100);
    return cents > 0 ? 'up' : cents < 0 ? 'down' : 'none';
  });
  protected readonly arrow = computed(() => ({ up: '▲', down: '▼', none: '' })[this.way()]);
  protected readonly text = computed(() => formatChange(this.amount(), this.currency()));
}
