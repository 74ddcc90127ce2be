import { Component, computed, inject, input } from '@angular/core';
import type { ImportView } from '@core/api';
import { Markets } from '@core/market/markets';
import { formatCount } from '@shared/format/numbers';
import { formatDate } from '@shared/format/times';
import { gapsInWords, splitsInWords } from './import-words';
import { zoneOf } from './markets';

const COLUMNS = ['Bars', 'From', 'To', 'Gaps', 'Splits'] as const;

/** What a file holds of each symbol. */
@Component({
  selector: 'k-import-contents',
  template: `
    <h3 [id]="titleId()">What it holds</h3>
    @if (rows().length === 1) {
      @for (row of rows(); track row.symbol) {
        <dl>
          @for (name of columns; track name) {
            <div>
              <dt>{{ name }}</dt>
              <dd>{{ row.values[$index] }}</dd>
            </div>
          }
        </dl>
      }
    } @else {
      <div class="k-table-wrap" role="group" tabindex="0" [attr.aria-labelledby]="titleId()">
        <table class="k-table" [attr.aria-labelledby]="titleId()">
          <thead>
            <tr>
              <th>Symbol</th>
              <th>Market</th>
              @for (name of columns; track name) {
                <th [class.k-num]="name === 'Bars'">{{ name }}</th>
              }
            </tr>
          </thead>
          <tbody>
            @for (row of rows(); track row.symbol) {
              <tr>
                <td>{{ row.symbol }}</td>
                <td>{{ row.market }}</td>
                @for (value of row.values; track $index) {
                  <td [class.k-num]="$first">{{ value }}</td>
                }
              </tr>
            }
          </tbody>
        </table>
      </div>
      @if (left(); as count) {
        <p class="k-muted">And {{ count }} symbols more.</p>
      }
    }
  `,
  styles: `
    :host {
      display: block;
      min-width: 0;
    }
    h3 {
      margin-bottom: 4px;
    }
    dl {
      display: grid;
      grid-template-columns: repeat(auto-fit, minmax(min(132px, 40%), 1fr));
      overflow: hidden;
      border: 1px solid var(--mat-sys-outline-variant);
      border-radius: 6px;
    }
    dl div {
      padding: 8px 12px;
      box-shadow: 1px 0 0 var(--mat-sys-outline-variant);
    }
    dt {
      color: var(--mat-sys-on-surface-variant);
      font-size: 12px;
      line-height: 16px;
    }
    dd {
      font-weight: 500;
    }
    .k-table-wrap {
      max-height: 280px;
      overflow: auto;
      border: 1px solid var(--mat-sys-outline-variant);
      border-radius: 6px;
    }
    th,
    td {
      height: 34px;
    }
    p {
      margin-top: 4px;
      font-size: 13px;
    }
  `,
})
export class ImportContents {
  private readonly markets = inject(Markets);

  readonly view = input.required<ImportView>();
  readonly titleId = input.required<string>();

  protected readonly columns = COLUMNS;
  protected readonly rows = computed(() => {
    const { found, checked } = this.view();
    return found.map((one) => {
      const zone = zoneOf(one.market);
      return {
        symbol: one.symbol,
        market: this.markets.nameOf(one.market),
        values: [
          checked ? formatCount(one.bars) : 'Not counted yet',
          formatDate(one.from, zone),
          formatDate(one.to, zone),
          gapsInWords(one, checked),
          splitsInWords(one, checked),
        ],
      };
    });
  });
  protected readonly left = computed(() => this.view().symbols.length - this.rows().length);
}
