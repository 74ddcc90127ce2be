import { Component, computed, input } from '@angular/core';
import type { AccountOut } from '@core/api';
import { formatAmount } from '@shared/format/numbers';
import { SignedAmount } from '@shared/signed-amount';
import { Time } from '@shared/time';

/** What an account is worth, and what of it is free, kept, owed and at risk. */
@Component({
  selector: 'k-balance-facts',
  imports: [SignedAmount, Time],
  template: `
    <dl>
      <div class="first">
        <dt>Equity</dt>
        <dd>{{ money(account().equity) }}</dd>
      </div>
      <div>
        <dt>Today</dt>
        <dd><k-signed-amount [amount]="account().pnl_today" [currency]="account().currency" /></dd>
      </div>
      @for (fact of facts(); track fact.label) {
        <div>
          <dt [title]="fact.note">{{ fact.label }}</dt>
          <dd>{{ fact.value }}</dd>
        </div>
      }
    </dl>
    @if (account().stale && account().valued_at) {
      <p class="stale">Valued at prices of <k-time [at]="account().valued_at" show="ago" />.</p>
    }
  `,
  styles: `
    dl {
      display: flex;
      flex-wrap: wrap;
      gap: 10px 32px;
      font-variant-numeric: tabular-nums;
    }
    dt {
      color: var(--mat-sys-on-surface-variant);
      font-size: 12px;
      line-height: 16px;
    }
    dd {
      font-size: 15px;
    }
    .first dd {
      font-weight: 500;
    }
    .stale {
      margin-top: 8px;
      color: var(--k-warning);
      font-size: 12px;
    }
  `,
})
export class BalanceFacts {
  readonly account = input.required<AccountOut>();

  protected readonly facts = computed(() => {
    const { buying_power, cash, debt, open_risk, reserved } = this.account();
    return [
      { label: 'Cash', value: this.money(cash), note: 'Free to spend' },
      { label: 'Reserved', value: this.money(reserved), note: 'Kept for orders' },
      { label: 'Buying power', value: this.money(buying_power), note: 'What an entry may cost' },
      {
        label: 'Open risk',
        value: this.money(open_risk),
        note: 'What is lost when every stop is hit at its price',
      },
      ...(Number(debt) > 0 ? [{ label: 'Debt', value: this.money(debt), note: 'Owed' }] : []),
    ];
  });

  protected money(value: string | null): string {
    return formatAmount(value, this.account().currency);
  }
}
