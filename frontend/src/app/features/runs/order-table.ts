import { Component, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { OrderOut } from '@core/api';
import { PricePipe, QuantityPipe } from '@shared/format/format-pipes';
import { ModeBadge } from '@shared/mode-badge';
import { Time } from '@shared/time';

const STATUS_WORDS: Readonly<Record<OrderOut['status'], string>> = {
  intended: 'No answer yet',
  submitted: 'Sent to the venue',
  working: 'Open at the venue',
  partially_filled: 'Filled in part, the rest is open',
  filled: 'Filled',
  cancelled: 'Cancelled',
  rejected: 'Rejected',
  expired: 'Expired',
  validated: 'Not sent: validation only',
};
/** What becomes of the rest of an order that ended filled in part. */
const REST_WORDS: Readonly<Partial<Record<OrderOut['status'], string>>> = {
  cancelled: 'Filled in part, the rest cancelled',
  expired: 'Filled in part, the rest expired',
};

/** Orders as rows, each with the pipeline that it came from, also when that was deleted. */
@Component({
  selector: 'k-order-table',
  imports: [RouterLink, ModeBadge, Time, PricePipe, QuantityPipe],
  template: `
    <div class="k-table-wrap">
      <table class="k-table" aria-label="Orders">
        <thead>
          <tr>
            <th>Order</th>
            <th>State</th>
            <th class="k-num">Filled</th>
            <th class="k-num">Price</th>
            <th>Pipeline</th>
            <th class="wide">Mode</th>
            <th class="k-num wide">Placed</th>
          </tr>
        </thead>
        <tbody>
          @for (order of items(); track order.id) {
            <tr>
              <td>
                @if (order.execution_id; as run) {
                  <a [routerLink]="['/runs', run]">{{ words(order) }}</a>
                } @else {
                  {{ words(order) }}
                }
                {{ order.symbol }}
              </td>
              <td [title]="order.reason">{{ state(order) }}</td>
              <td class="k-num">{{ order.filled_quantity | kQuantity }}</td>
              <td class="k-num">{{ order.average_fill_price | kPrice }}</td>
              <td class="pipeline k-ellipsis" [title]="order.pipeline_name ?? ''">
                {{ order.pipeline_name ?? '–' }}
                @if (order.pipeline_name && order.pipeline_deleted) {
                  <span class="k-muted">deleted</span>
                }
              </td>
              <td class="wide"><k-mode-badge [mode]="order.mode" /></td>
              <td class="k-num wide"><k-time [at]="order.created_at" show="ago" /></td>
            </tr>
          }
        </tbody>
      </table>
    </div>
  `,
  styles: `
    .pipeline {
      max-width: 220px;
    }
    @media (max-width: 1000px) {
      .wide {
        display: none;
      }
    }
  `,
})
export class OrderTable {
  readonly items = input.required<readonly OrderOut[]>();

  protected words({ side, quantity }: OrderOut): string {
    return `${side === 'buy' ? 'Buy' : 'Sell'} ${new QuantityPipe().transform(quantity)}`;
  }

  protected state({ status, fills }: OrderOut): string {
    return (fills.length ? REST_WORDS[status] : undefined) ?? STATUS_WORDS[status];
  }
}
