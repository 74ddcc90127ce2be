import { Component, computed, input, output } from '@angular/core';
import { RouterLink } from '@angular/router';
import { Icon } from '../icon';
import { sourceName } from '../price-chart/source-words';
import { type AnsweringPrices, gapInWords } from './answering-prices';
import { endInWords, isStored, pricesInWords, yearsOf } from './price-range';

/**
 * Says before a run which prices it will read, in one line: and where these have ended, what to do.
 * Leads to stored prices that answer at another moment.
 */
@Component({
  selector: 'k-prices-read',
  imports: [RouterLink, Icon],
  template: `
    @if (ended() || gap()) {
      <k-icon name="history_toggle_off" [size]="16" />
    }
    <span class="said" role="status" [title]="text()">{{ text() }}</span>
    @if (ended(); as prices) {
      <span class="ways">
        <button type="button" (click)="moved.emit(prices.last_at!)">Set As of to then</button>
        or
        @if (prices.source === 'imported') {
          <a routerLink="/import" [queryParams]="{ symbol: prices.symbol }">import newer bars</a>
        } @else {
          <a routerLink="/instruments" [queryParams]="{ symbol: prices.symbol }"
            >choose other prices</a
          >
        }
      </span>
    } @else if (unknown(); as symbol) {
      <a class="ways" routerLink="/import" [queryParams]="{ symbol }">Import its bars</a>
    } @else if (other(); as other) {
      <button type="button" [title]="other.hint" (click)="moved.emit(other.last_at)">
        {{ other.label }}
      </button>
    }
  `,
  host: { '[class.ended]': 'ended() || gap()' },
  styles: `
    :host {
      display: flex;
      align-items: center;
      gap: 0 8px;
      min-width: 0;
      min-height: 24px;
      color: var(--mat-sys-on-surface-variant);
      font-size: 13px;
      line-height: 18px;
    }
    .said {
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    .ways,
    button {
      flex: none;
      white-space: nowrap;
    }
    k-icon {
      flex: none;
      color: var(--k-warning);
    }
    :host(.ended) .said {
      color: var(--mat-sys-on-surface);
    }
    button {
      min-height: 24px;
      padding: 0;
      border: 0;
      background: transparent;
      color: var(--mat-sys-primary);
      font: inherit;
      text-decoration: underline;
      text-underline-offset: 2px;
      cursor: pointer;
    }
    a {
      text-decoration: underline;
      text-underline-offset: 2px;
    }
    @media (max-width: 700px) {
      :host {
        flex-wrap: wrap;
      }
      .said {
        white-space: normal;
      }
    }
  `,
})
export class PricesRead {
  readonly answering = input.required<AnsweringPrices | null>();
  /** A moment (ISO 8601) that the run shall be as of. */
  readonly moved = output<string>();

  /** The prices, when they end before the moment of the run. */
  protected readonly ended = computed(() => {
    const prices = this.answering()?.prices;
    return prices?.ended ? prices : null;
  });
  /** Why there are none for the moment of the run. */
  protected readonly gap = computed(() => gapInWords(this.answering()));
  protected readonly unknown = computed(() => {
    const answering = this.answering();
    return answering && !answering.prices ? answering.symbol : null;
  });
  protected readonly text = computed(() => {
    const prices = this.answering()?.prices;
    if (this.gap() || !prices) return this.gap();
    return this.ended() ? endInWords(prices.symbol, prices) : pricesInWords(prices);
  });
  /** Stored prices that a moment in their own years leads to. */
  protected readonly other = computed(() => {
    const { prices, other } = this.answering() ?? {};
    if (!prices || isStored(prices) || !other?.last_at) return null;
    return {
      last_at: other.last_at,
      label: `${sourceName(other)}: ${yearsOf(other)}`,
      hint: 'Sets As of to the end of these prices.',
    };
  });
}
