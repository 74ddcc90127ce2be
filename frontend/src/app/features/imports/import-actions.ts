import { Component, computed, input, signal } from '@angular/core';
import type { ImportView } from '@core/api';
import { Icon } from '@shared/icon';
import { dividendsInWords, splitDay, USE_LOOKS } from './import-words';

const SHOWN = 12;
const ORIGINS = { file: 'File', adjusted_close: 'Adjusted close' } as const;

/** The splits that were found, what becomes of each, and which dividends a file tells of. */
@Component({
  selector: 'k-import-actions',
  imports: [Icon],
  template: `
    <h3 [id]="titleId()">Splits and dividends</h3>
    @if (rows().length) {
      <div class="k-table-wrap" role="group" tabindex="0" [attr.aria-labelledby]="titleId()">
        <table class="k-table" [attr.aria-labelledby]="titleId()">
          <thead>
            <tr>
              @if (several()) {
                <th>Symbol</th>
              }
              <th>Day</th>
              <th class="k-num">Split</th>
              <th>Found in</th>
              <th>Prices</th>
            </tr>
          </thead>
          <tbody>
            @for (row of shown(); track $index) {
              <tr>
                @if (several()) {
                  <td>{{ row.symbol }}</td>
                }
                <td class="day">{{ row.day }}</td>
                <td class="k-num">{{ row.ratio }}</td>
                <td>{{ row.origin }}</td>
                <td>
                  <span class="use"
                    ><k-icon
                      [name]="row.look.icon"
                      [size]="16"
                      [style.color]="'var(--k-' + row.look.colour + ')'"
                    />{{ row.look.label }}</span
                  >
                </td>
              </tr>
            }
          </tbody>
        </table>
      </div>
      @if (rows().length > shown().length) {
        <button type="button" class="k-filter" (click)="all.set(true)">
          Show {{ rows().length - shown().length }} more
        </button>
      }
    }
    @for (line of dividends(); track line) {
      <p>{{ line }}</p>
    }
    @if (dividends().length) {
      <p class="k-muted">Dividends are kept, and change no price.</p>
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
    .k-table-wrap {
      max-height: 320px;
      overflow: auto;
      border: 1px solid var(--mat-sys-outline-variant);
      border-radius: 6px;
    }
    th,
    td {
      height: 34px;
    }
    .day {
      white-space: nowrap;
    }
    .use {
      display: flex;
      gap: 6px;
      align-items: center;
      white-space: normal;
    }
    p,
    .k-filter {
      margin-top: 6px;
      font-size: 13px;
    }
  `,
})
export class ImportActions {
  readonly view = input.required<ImportView>();
  readonly titleId = input.required<string>();

  protected readonly all = signal(false);
  protected readonly several = computed(() => this.view().found.length > 1);
  protected readonly rows = computed(() =>
    this.view().found.flatMap((one) =>
      one.splits.map((split) => ({
        symbol: one.symbol,
        day: splitDay(split, one.market),
        ratio: split.ratio,
        origin: ORIGINS[split.origin ?? 'adjusted_close'],
        look: USE_LOOKS[split.use ?? 'applied'],
      })),
    ),
  );
  protected readonly shown = computed(() =>
    this.all() ? this.rows() : this.rows().slice(0, SHOWN),
  );
  protected readonly dividends = computed(() =>
    this.view().found.flatMap(({ symbol, dividends }) => {
      if (!dividends) return [];
      const words = dividendsInWords(dividends);
      return [this.several() ? `${symbol}: ${words}` : words];
    }),
  );
}
