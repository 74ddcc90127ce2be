import { Component, computed, input } from '@angular/core';
import type { TradeOut } from '@core/api';
import { estimateOf } from '@core/runs/estimate';
import { MoneyPipe, PricePipe, QuantityPipe } from '@shared/format/format-pipes';
import { formatPrice } from '@shared/format/numbers';
import { Time } from '@shared/time';

const STATUS_WORDS: Readonly<Record<TradeOut['status'], string>> = {
  submitted: 'Sent to the venue, not filled yet',
  working: 'Open at the venue, not filled yet',
  filled: 'Filled',
  partially_filled: 'Filled in part',
  cancelled: 'Cancelled, nothing was filled',
  rejected: 'Rejected',
  expired: 'Expired, nothing was filled',
  validated: 'Not sent: validation only',
};

/** A trade and each of its fills. */
@Component({
  selector: 'k-trade-table',
  imports: [MoneyPipe, PricePipe, QuantityPipe, Time],
  template: `
    <dl>
      @for (fact of facts(); track fact.label) {
        <div>
          <dt>{{ fact.label }}</dt>
          <dd>{{ fact.value }}</dd>
        </div>
      }
    </dl>
    @if (trade().fills.length) {
      <div class="k-table-wrap">
        <table class="k-table" aria-label="Fills">
          <thead>
            <tr>
              <th>Filled</th>
              <th class="k-num">Quantity</th>
              <th class="k-num">Price</th>
              <th class="k-num">Commission</th>
            </tr>
          </thead>
          <tbody>
            @for (fill of trade().fills; track $index) {
              <tr>
                <td><k-time [at]="fill.time" /></td>
                <td class="k-num">{{ fill.quantity | kQuantity }}</td>
                <td class="k-num">{{ fill.price | kPrice }}</td>
                <td class="k-num">{{ fill.commission | kMoney }}</td>
              </tr>
            }
          </tbody>
        </table>
      </div>
    }
  `,
  styles: `
    dl {
      display: flex;
      flex-wrap: wrap;
      gap: 12px 40px;
      padding: 16px 12px;
      font-size: 13px;
    }
    dt {
      color: var(--mat-sys-on-surface-variant);
      font-size: 12px;
    }
  `,
})
export class TradeTable {
  readonly trade = input.required<TradeOut>();

  protected readonly facts = computed(() => {
    const trade = this.trade();
    const [price, estimate] = [formatPrice(trade.entry_price), estimateOf(trade)];
    return [
      { label: 'State', value: STATUS_WORDS[trade.status] },
      { label: 'Side', value: trade.action === 'buy' ? 'Buy' : 'Sell' },
      { label: 'Entry', value: estimate ? `${price} (${estimate})` : price },
      { label: 'Stop', value: formatPrice(trade.stop_loss) },
      { label: 'Targets', value: trade.targets.map(formatPrice).join(', ') || '–' },
      ...(trade.reason ? [{ label: 'Reason', value: trade.reason }] : []),
    ];
  });
}
