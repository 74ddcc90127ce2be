import { Component, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { OrderOut } from '@core/api';
import { MoneyPipe, PricePipe, QuantityPipe } from '@shared/format/format-pipes';
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
  imports: [RouterLink, ModeBadge, Time, MoneyPipe, PricePipe, QuantityPipe],
  template: `
    <div class="k-table-wrap">
      <table class="k-table" aria-label="Orders">
        <thead>
          <tr>
            <th>Order</th>
            <th>State</th>
            <th class="k-num middle">Filled</th>
            <th class="k-num middle">Price</th>
            <th class="k-num middle">Commission</th>
            <th class="middle">As of</th>
            <th class="middle">Pipeline</th>
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
                {{ ' ' }}<a [routerLink]="['/symbols', order.symbol]">{{ order.symbol }}</a>
                <span class="narrow k-muted">
                  @if (order.average_fill_price; as price) {
                    {{ order.filled_quantity | kQuantity }} at {{ price | kPrice }}, commission
                    {{ order.commission | kMoney }}
                  }
                  @if (order.as_of; as at) {
                    <span>As of <k-time [at]="at" /></span>
                  }
                  @if (order.pipeline_name; as name) {
                    <span>{{ name }}{{ order.pipeline_deleted ? ', deleted' : '' }}</span>
                  }
                </span>
              </td>
              <td class="state" [title]="order.reason">{{ state(order) }}</td>
              <td class="k-num middle">{{ order.filled_quantity | kQuantity }}</td>
              <td class="k-num middle">{{ order.average_fill_price | kPrice }}</td>
              <td class="k-num middle">{{ order.commission | kMoney }}</td>
              <td class="middle"><k-time [at]="order.as_of" /></td>
              <td class="middle pipeline k-ellipsis" [title]="order.pipeline_name ?? ''">
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
    .narrow {
      display: none;
      font-size: 12px;
    }
    @media (max-width: 700px) {
      .middle {
        display: none;
      }
      tbody td {
        padding-block: 6px;
      }
      .state {
        width: 34%;
        white-space: normal;
      }
      .narrow {
        display: grid;
        line-height: 18px;
        white-space: normal;
        overflow-wrap: anywhere;
      }
    }
    @media (max-width: 1200px) {
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

  protected state({ status, fills, estimated }: OrderOut): string {
    if (estimated && status === 'filled') return 'Filled, estimated';
    return (fills.length ? REST_WORDS[status] : undefined) ?? STATUS_WORDS[status];
  }
}
