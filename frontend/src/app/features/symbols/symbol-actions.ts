import { Component, computed, input, resource, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { RouterLink } from '@angular/router';
import { type ActionOut, listCorporateActions } from '@core/api';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { formatDate } from '@shared/format/times';
import { SkeletonRows } from '@shared/skeleton';

const FEW = 8;
const MANY = 200;

/** The splits and dividends that files told of a symbol, newest first. */
@Component({
  selector: 'k-symbol-actions',
  imports: [MatButton, RouterLink, EmptyState, ErrorState, SkeletonRows],
  template: `
    <h2 id="actions">Splits and dividends</h2>
    <div class="k-card">
      @if (error(); as error) {
        <k-error-state [error]="error" (retry)="found.reload()" />
      } @else if (list(); as list) {
        <ul aria-labelledby="actions">
          @for (item of list.items; track $index) {
            <li>
              <span class="day">{{ dayOf(item) }}</span>
              <span class="what">{{ wordsOf(item) }}</span>
              <span class="k-muted k-ellipsis from" [title]="item.source">{{ item.source }}</span>
            </li>
          } @empty {
            <li class="none">
              <k-empty-state
                icon="call_split"
                [title]="'No file has told of splits or dividends of ' + symbol()"
                text="Import a file of them, such as Yahoo's or Alpaca's: prices are adjusted for splits, dividends are kept."
              >
                <a matButton="outlined" routerLink="/import" [queryParams]="{ symbol: symbol() }"
                  >Import splits</a
                >
              </k-empty-state>
            </li>
          }
        </ul>
        @if (list.next_cursor && limit() === few) {
          <button matButton type="button" (click)="limit.set(many)">Show more</button>
        } @else if (list.next_cursor) {
          <p class="k-muted">The {{ many }} newest are shown.</p>
        }
      } @else {
        <k-skeleton-rows [rows]="3" />
      }
    </div>
  `,
  styles: `
    :host {
      display: block;
      margin-top: 24px;
    }
    h2 {
      margin-bottom: 10px;
    }
    ul {
      margin: 0;
      padding: 0;
      list-style: none;
    }
    li {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 2px 16px;
      min-height: 44px;
      padding: 6px 14px;
      font-size: 13px;
    }
    li + li {
      border-top: 1px solid var(--mat-sys-outline-variant);
    }
    .none {
      justify-content: center;
    }
    .day {
      width: 92px;
      font-variant-numeric: tabular-nums;
    }
    .what {
      flex: 1 1 160px;
    }
    .from {
      max-width: 260px;
    }
    p {
      padding: 8px 14px;
      font-size: 13px;
    }
  `,
})
export class SymbolActions {
  readonly symbol = input.required<string>();

  protected readonly few = FEW;
  protected readonly many = MANY;
  protected readonly limit = signal(FEW);
  protected readonly found = resource({
    params: () => ({ symbol: this.symbol(), limit: this.limit() }),
    loader: ({ params: { symbol, limit } }) =>
      unwrap(listCorporateActions({ path: { symbol }, query: { limit } })),
  });
  protected readonly list = computed(() => (this.found.hasValue() ? this.found.value() : null));
  protected readonly error = computed(() => {
    const error = this.found.error();
    return error ? toProblemError(error) : null;
  });

  protected dayOf({ ex_date: day }: ActionOut): string {
    return formatDate(`${day}T00:00:00Z`, 'UTC');
  }

  protected wordsOf({ kind, ratio, amount, currency }: ActionOut): string {
    if (kind === 'split') return `Split ${ratio}`;
    return `Dividend of ${amount}${currency ? ` ${currency}` : ''} a share`;
  }
}
