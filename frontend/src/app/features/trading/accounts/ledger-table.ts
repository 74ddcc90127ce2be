import { Component, input } from '@angular/core';
import { readable } from '@core/trading/position-words';
import type { LedgerEntry } from '@core/api';
import { formatAmount, formatQuantity } from '@shared/format/numbers';
import { Time } from '@shared/time';

const MONEY = new Set(['USD', 'EUR', 'GBP', 'USDT', 'JPY', 'CHF', 'CAD', 'AUD']);

/** Every amount that moved, from where to where, the newest first. */
@Component({
  selector: 'k-ledger-table',
  imports: [Time],
  template: `
    <div class="k-table-wrap">
      <table class="k-table" aria-label="Ledger">
        <thead>
          <tr>
            <th>What</th>
            <th class="middle">From</th>
            <th class="middle">To</th>
            <th class="k-num">Amount</th>
            <th class="middle">State</th>
            <th class="k-num">Time</th>
          </tr>
        </thead>
        <tbody>
          @for (entry of items(); track entry.id) {
            <tr>
              <td class="what k-ellipsis" [title]="entry.memo">
                {{ readable(entry.kind) }}
                @if (entry.memo) {
                  <span class="k-muted">{{ entry.memo }}</span>
                }
              </td>
              <td class="middle">{{ place(entry.credit) }}</td>
              <td class="middle">{{ place(entry.debit) }}</td>
              <td class="k-num">{{ amount(entry) }}</td>
              <td class="middle k-muted">{{ entry.state }}</td>
              <td class="k-num"><k-time [at]="entry.at" show="clock" /></td>
            </tr>
          }
        </tbody>
      </table>
    </div>
  `,
  styles: `
    .what {
      max-width: 380px;
    }
    @media (max-width: 700px) {
      .middle {
        display: none;
      }
      .what {
        max-width: 150px;
      }
    }
  `,
})
export class LedgerTable {
  readonly items = input.required<readonly LedgerEntry[]>();

  protected readonly readable = readable;

  /** The last parts of a path of the books: `Cash`, `Reserved`. */
  protected place(path: string): string {
    return readable(path.split('/').at(-1)?.split(':').at(-1) ?? path);
  }

  protected amount({ amount, currency }: LedgerEntry): string {
    return MONEY.has(currency)
      ? formatAmount(amount, currency)
      : `${formatQuantity(amount)} ${currency}`;
  }
}
