import { Component, computed, input } from '@angular/core';
import type { OrderOut } from '@core/api';
import { legInWords } from '@core/trading/order-words';
import { AmountPipe, PricePipe, QuantityPipe } from '@shared/format/format-pipes';
import { Time } from '@shared/time';

let tables = 0;

/** Every fill of some orders, the oldest first, each with its commission. */
@Component({
  selector: 'k-fill-table',
  imports: [AmountPipe, PricePipe, QuantityPipe, Time],
  template: `
    @if (fills().length) {
      <h2 [id]="name">Fills</h2>
      <div class="k-card k-table-wrap">
        <table class="k-table" [attr.aria-labelledby]="name">
          <thead>
            <tr>
              <th>Time</th>
              <th class="middle">Order</th>
              <th class="k-num">Quantity</th>
              <th class="k-num">Price</th>
              <th class="k-num">Commission</th>
            </tr>
          </thead>
          <tbody>
            @for (fill of fills(); track fill.id) {
              <tr>
                <td><k-time [at]="fill.time" show="clock" /></td>
                <td class="middle">{{ fill.leg }}</td>
                <td class="k-num">
                  {{ fill.side === 'buy' ? '+' : '-' }}{{ fill.quantity | kQuantity }}
                </td>
                <td class="k-num">{{ fill.price | kPrice }}</td>
                <td class="k-num">{{ fill.commission | kAmount: currency() }}</td>
              </tr>
            }
          </tbody>
        </table>
      </div>
    }
  `,
  styles: `
    h2 {
      margin: 24px 0 10px;
    }
    @media (max-width: 700px) {
      .middle {
        display: none;
      }
    }
  `,
})
export class FillTable {
  readonly orders = input.required<readonly OrderOut[]>();
  readonly currency = input.required<string>();

  protected readonly name = `k-fills-${(tables += 1)}`;
  protected readonly fills = computed(() =>
    this.orders()
      .flatMap((order) =>
        order.fills.map((fill) => ({
          ...fill,
          id: `${order.id} ${fill.venue_execution_id}`,
          side: order.side,
          leg: legInWords(order) ?? '',
        })),
      )
      .sort((one, other) => Date.parse(one.time) - Date.parse(other.time)),
  );
}
