import { Component, computed, input, linkedSignal, resource } from '@angular/core';
import { RouterLink } from '@angular/router';
import {
  previewScanner,
  type ScannerField,
  type ScannerFilter,
  type ScreenField,
  type ScreenPreview,
  type ScreenRow,
} from '@core/api';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { ErrorState } from '@shared/error-state';
import {
  formatCount,
  formatPercentChange,
  formatPrice,
  formatQuantity,
} from '@shared/format/numbers';
import { formatDate } from '@shared/format/times';
import { SkeletonRows } from '@shared/skeleton';

const PAUSE_MS = 400;
const ALWAYS: readonly ScreenField[] = ['price', 'change_percent', 'volume'];

interface Column {
  readonly field: ScreenField;
  readonly label: string;
}

/** Which tickers pass the rules right now. */
@Component({
  selector: 'k-scanner-preview',
  imports: [RouterLink, ErrorState, SkeletonRows],
  template: `
    <header>
      <h2>Preview</h2>
      @if (answer(); as found) {
        <span role="status" class="k-muted">
          <b>{{ found.matched }}</b> of {{ found.universe }} tickers pass
        </span>
      }
    </header>
    @if (!filter()) {
      <p class="note k-muted">Finish a rule to see which tickers pass it.</p>
    } @else if (error(); as error) {
      <k-error-state [error]="error" (retry)="preview.reload()" />
    } @else if (answer(); as found) {
      @if (found.rows.length) {
        <div class="k-table-wrap" [class.stale]="preview.isLoading()">
          <table class="k-table" aria-label="Tickers that pass">
            <thead>
              <tr>
                <th>Ticker</th>
                <th>As of</th>
                @for (column of columns(); track column.field) {
                  <th class="k-num">{{ column.label }}</th>
                }
              </tr>
            </thead>
            <tbody>
              @for (row of found.rows; track row.ticker) {
                <tr>
                  <td class="ticker">
                    <a [routerLink]="['/symbols', row.ticker]">{{ row.ticker }}</a>
                  </td>
                  <td class="as-of" [title]="row.source">{{ day(row.as_of) }}</td>
                  @for (column of columns(); track column.field) {
                    <td class="k-num">{{ shown(row, column.field) }}</td>
                  }
                </tr>
              }
            </tbody>
          </table>
        </div>
        @if (found.matched > found.rows.length) {
          <p class="note k-muted">The first {{ found.rows.length }} are shown.</p>
        }
      } @else {
        <p class="note k-muted">Nothing passes all rules right now. Loosen one of them.</p>
      }
    } @else {
      <k-skeleton-rows [rows]="6" />
    }
  `,
  styles: `
    :host {
      display: block;
    }
    header {
      display: flex;
      align-items: baseline;
      justify-content: space-between;
      gap: 12px;
      padding: 16px 16px 8px;
      font-size: 13px;
    }
    b {
      color: var(--mat-sys-on-surface);
      font-weight: 500;
    }
    .note {
      padding: 8px 16px 16px;
      font-size: 13px;
    }
    .ticker {
      font-weight: 500;
    }
    .as-of {
      white-space: nowrap;
    }
    .stale {
      opacity: 0.6;
    }
    k-error-state {
      margin: 8px 16px 16px;
    }
  `,
})
export class ScannerPreview {
  readonly filter = input.required<ScannerFilter | null>();
  readonly fields = input.required<readonly ScannerField[]>();

  /** The day of the close that the figures are of. */
  protected readonly day = (iso: string): string => formatDate(iso, 'UTC');
  private readonly asked = computed(() => this.filter(), {
    equal: (a, b) => JSON.stringify(a) === JSON.stringify(b),
  });
  protected readonly preview = resource({
    params: () => this.asked() ?? undefined,
    loader: async ({ params: filter, abortSignal }) => {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      abortSignal.throwIfAborted();
      return unwrap(previewScanner({ body: { filter } }));
    },
  });
  /** Stays on show until the next answer is there. */
  protected readonly answer = linkedSignal<ScreenPreview | null, ScreenPreview | null>({
    source: () => (this.preview.hasValue() ? this.preview.value() : null),
    computation: (found, before) => found ?? before?.value ?? null,
  });
  protected readonly error = computed(() => {
    const error = this.preview.error();
    return error ? toProblemError(error) : null;
  });
  /** Price, change and volume always; then what the rules look at. */
  protected readonly columns = computed<readonly Column[]>(() => {
    const asked = this.filter()?.all.map((rule) => rule.field) ?? [];
    const label = (field: ScreenField) => this.fields().find((item) => item.field === field)?.label;
    return [...new Set([...ALWAYS, ...asked])].map((field) => ({
      field,
      label: label(field) ?? field,
    }));
  });

  protected shown(row: ScreenRow, field: ScreenField): string {
    const value = row[field];
    if (value === null || value === undefined) return '–';
    if (typeof value === 'string' && !Number.isFinite(Number(value))) return value;
    if (field === 'price') return formatPrice(String(value));
    if (field === 'volume') return formatCount(String(value));
    if (field === 'change_percent') return formatPercentChange(Number(value) / 100);
    return formatQuantity(Number(value).toFixed(2));
  }
}
