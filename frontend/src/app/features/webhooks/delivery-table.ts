import { Component, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { DeliveryOut } from '@core/api';
import { CountPipe } from '@shared/format/format-pipes';
import { Time } from '@shared/time';
import { DeliveryBadge } from './delivery-badge';

/** Deliveries, newest first, with the answer that each got. */
@Component({
  selector: 'k-delivery-table',
  imports: [RouterLink, CountPipe, DeliveryBadge, Time],
  template: `
    <ul aria-label="Last deliveries">
      @for (item of items(); track item.id) {
        <li>
          <div class="top">
            <k-delivery-badge [delivery]="item" />
            <k-time class="k-muted" show="ago" [at]="item.received_at" />
          </div>
          <p>{{ item.detail }}</p>
          <p class="k-muted small">
            <span>{{ item.size_bytes | kCount }} bytes</span>
            @if (item.client_network) {
              <span>{{ from(item) }}</span>
            }
            @if (item.status >= 400) {
              <code>{{ item.code }}</code>
            }
            @if (item.signal_id; as signal) {
              <a [routerLink]="['/signals', signal]">What came of it</a>
            }
          </p>
        </li>
      }
    </ul>
  `,
  styles: `
    ul {
      margin: 0;
      padding: 0;
      border-top: 1px solid var(--mat-sys-outline-variant);
      list-style: none;
      font-size: 13px;
    }
    li {
      padding: 10px 16px;
      border-bottom: 1px solid var(--mat-sys-outline-variant);
      overflow-wrap: anywhere;
    }
    li:last-child {
      border-bottom: 0;
    }
    .top {
      display: flex;
      justify-content: space-between;
      gap: 12px;
    }
    .small {
      display: flex;
      flex-wrap: wrap;
      gap: 2px 12px;
      font-size: 12px;
    }
  `,
})
export class DeliveryTable {
  readonly items = input.required<readonly DeliveryOut[]>();

  protected from({ client_network }: DeliveryOut): string {
    return client_network === 'test' ? 'A test from here' : `from ${client_network}`;
  }
}
