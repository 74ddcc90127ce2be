import { Component, computed, inject } from '@angular/core';
import { RouterLink } from '@angular/router';
import { Accounts } from '@core/trading/accounts';
import { OpenPositions } from '@core/trading/open-positions';
import { formatAmount, formatCount } from '@shared/format/numbers';
import { ModeBadge } from '@shared/mode-badge';
import { SignedAmount } from '@shared/signed-amount';
import { standingsOf } from './standing';

/** What the accounts are worth, what today brought, and what is at risk: a line for each mode. */
@Component({
  selector: 'k-standing-strip',
  imports: [ModeBadge, RouterLink, SignedAmount],
  template: `
    @for (one of standings(); track one.mode + one.currency) {
      <dl class="k-card">
        <div class="mode">
          <dt class="k-sr-only">Mode</dt>
          <dd><k-mode-badge [mode]="one.mode" /></dd>
        </div>
        <div>
          <dt>Equity</dt>
          <dd class="big">
            <a routerLink="/accounts">{{ amount(one.equity, one.currency) }}</a>
          </dd>
        </div>
        <div>
          <dt>Today</dt>
          <dd class="big"><k-signed-amount [amount]="one.today" [currency]="one.currency" /></dd>
        </div>
        <div>
          <dt title="What is lost when every stop is hit at its price">Open risk</dt>
          <dd class="big">{{ amount(one.risk, one.currency) }}</dd>
        </div>
        <div>
          <dt>Open positions</dt>
          <dd class="big">
            <a routerLink="/positions">{{ count(one.positions) }}</a>
          </dd>
        </div>
      </dl>
    } @empty {
      <dl class="k-card" aria-hidden="true"></dl>
    }
  `,
  styles: `
    :host {
      display: grid;
      gap: 12px;
      margin-bottom: 28px;
    }
    dl {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 8px 48px;
      min-height: 70px;
      padding: 10px 20px;
    }
    dt {
      color: var(--mat-sys-on-surface-variant);
      font-size: 12px;
      line-height: 16px;
    }
    .big {
      font-size: 18px;
      font-weight: 500;
      line-height: 26px;
      font-variant-numeric: tabular-nums;
    }
    .big a {
      color: inherit;
    }
    @media (max-width: 700px) {
      dl {
        display: grid;
        grid-template-columns: 1fr 1fr;
        min-height: 118px;
        padding: 12px 16px;
      }
      .mode {
        display: none;
      }
    }
  `,
})
export class StandingStrip {
  private readonly accounts = inject(Accounts);
  private readonly positions = inject(OpenPositions);
  protected readonly standings = computed(() =>
    standingsOf(this.accounts.open(), this.positions.items()),
  );
  protected readonly amount = formatAmount;
  protected readonly count = formatCount;
}
