import { Component, computed, inject } from '@angular/core';
import { RouterLink } from '@angular/router';
import { LiveQuotes } from '@core/market/live-quotes';
import { OpenPositions } from '@core/trading/open-positions';
import { valueOf } from '@core/trading/position-value';
import { sideInWords } from '@core/trading/position-words';
import { ErrorState } from '@shared/error-state';
import { PricePipe, QuantityPipe, RPipe } from '@shared/format/format-pipes';
import { SignedAmount } from '@shared/signed-amount';

const SHOWN = 5;

/** The open positions that matter most, at prices as they move. */
@Component({
  selector: 'k-top-positions',
  imports: [ErrorState, PricePipe, QuantityPipe, RouterLink, RPipe, SignedAmount],
  template: `
    <div class="head">
      <h2 id="positions">Open positions</h2>
      <a routerLink="/positions">All positions</a>
    </div>
    <div class="k-card">
      @if (positions.items() === null && positions.error(); as error) {
        <k-error-state [error]="error" (retry)="positions.reload()" />
      } @else {
        <ul>
          @for (row of rows(); track row.position.id) {
            <li>
              <a [routerLink]="['/positions', row.position.id]">
                <b class="symbol k-ellipsis">{{ row.position.symbol }}</b>
                <span class="k-muted grow k-ellipsis"
                  >{{ side(row.position) }} {{ row.position.quantity | kQuantity }}, now
                  {{ row.value.price | kPrice }}</span
                >
                @if (row.bare) {
                  <span class="bare">no stop</span>
                }
                <k-signed-amount
                  class="amount"
                  [amount]="row.value.profit"
                  [currency]="row.position.currency"
                />
                <span class="r k-muted">{{ row.value.r | kR }}</span>
              </a>
            </li>
          } @empty {
            <li class="none k-muted">
              {{
                positions.items() === null
                  ? ''
                  : 'Nothing is held. A position opens when a pipeline trades, or when you place an order.'
              }}
            </li>
          }
        </ul>
      }
    </div>
  `,
  styles: `
    :host {
      display: block;
      margin-bottom: 24px;
    }
    .head {
      display: flex;
      align-items: baseline;
      justify-content: space-between;
      margin-bottom: 10px;
    }
    .head a {
      font-size: 13px;
    }
    ul {
      margin: 0;
      padding: 0;
      list-style: none;
    }
    li + li {
      border-top: 1px solid var(--mat-sys-outline-variant);
    }
    li > a,
    .none {
      display: flex;
      align-items: center;
      gap: 12px;
      min-height: 44px;
      padding: 0 14px;
      color: inherit;
      font-size: 13px;
    }
    li > a:hover {
      background: var(--mat-sys-surface-container-low);
      text-decoration: none;
    }
    .none {
      padding-block: 6px;
      color: var(--mat-sys-on-surface-variant);
    }
    .symbol {
      flex: 0 0 72px;
      font-weight: 500;
    }
    .grow {
      flex: 1;
    }
    .bare {
      color: var(--k-failed);
      font-size: 12px;
      font-weight: 500;
      white-space: nowrap;
    }
    .amount,
    .r {
      text-align: right;
      font-variant-numeric: tabular-nums;
    }
    .r {
      width: 56px;
    }
    @media (max-width: 700px) {
      .r {
        display: none;
      }
    }
  `,
})
export class TopPositions {
  private readonly quotes = inject(LiveQuotes);
  protected readonly positions = inject(OpenPositions);

  private readonly top = computed(() => {
    const size = (amount: string | null) => Math.abs(Number(amount ?? 0));
    return [...(this.positions.items() ?? [])]
      .sort((one, other) => size(other.unrealised_pnl) - size(one.unrealised_pnl))
      .slice(0, SHOWN);
  });
  protected readonly rows = computed(() =>
    this.top().map((position) => ({
      position,
      value: valueOf(position, this.quotes.newest(position.symbol)?.price ?? null),
      bare: position.protected_by === 'nothing' && Number(position.quantity) > 0,
    })),
  );
  /** Whether it has its height: what comes below moves no more. */
  readonly known = computed(() => Boolean(this.positions.items() ?? this.positions.error()));

  constructor() {
    this.quotes.followAll(computed(() => [...new Set(this.top().map(({ symbol }) => symbol))]));
  }

  protected readonly side = sideInWords;
}
