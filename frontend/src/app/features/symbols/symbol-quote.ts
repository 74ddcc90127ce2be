import { Component, computed, inject, input, resource } from '@angular/core';
import { listQuotes, type SymbolOut } from '@core/api';
import { unwrap } from '@core/http/unwrap';
import { LiveQuotes, upToDate } from '@core/market/live-quotes';
import { Change } from '@shared/change';
import { PricePipe } from '@shared/format/format-pipes';
import { formatDate } from '@shared/format/times';
import { Icon } from '@shared/icon';
import { sourceInWords } from '@shared/price-chart/source-words';
import { Time } from '@shared/time';

/** The newest quote of an instrument: price, change, how old, from where, and whether it stands. */
@Component({
  selector: 'k-symbol-quote',
  imports: [Change, Icon, PricePipe, Time],
  template: `
    @if (quote(); as quote) {
      <p class="line">
        <b>{{ quote.price | kPrice }}</b>
        <span class="k-muted">{{ instrument().currency }}</span>
        <k-change [percent]="quote.change_percent" />
        <k-time class="k-muted" [at]="quote.quoted_at" show="ago" />
        @if (quote.stale) {
          <span class="stale" role="status">
            <k-icon name="warning" [size]="16" />Stale: the market trades and no newer quote has
            come.
          </span>
        }
      </p>
      @if (other(); as other) {
        <p class="k-muted note">{{ other }}</p>
      }
    } @else if (quotes.error()) {
      <p class="k-muted note">The quote could not be read; it is asked for again.</p>
    } @else if (quotes.hasValue()) {
      <p class="k-muted note">{{ ended() }}</p>
    } @else {
      <p class="line">&nbsp;</p>
    }
  `,
  styles: `
    .line {
      display: flex;
      flex-wrap: wrap;
      align-items: baseline;
      gap: 0 10px;
      min-height: 28px;
    }
    b {
      font-size: 20px;
      font-weight: 500;
      line-height: 28px;
    }
    .stale {
      display: inline-flex;
      align-items: center;
      gap: 4px;
      color: var(--k-warning);
    }
    .note {
      font-size: 13px;
    }
  `,
})
export class SymbolQuote {
  private readonly live = inject(LiveQuotes);
  readonly instrument = input.required<SymbolOut>();

  protected readonly quotes = resource({
    params: () => this.instrument().symbol,
    loader: ({ params: symbols }) => unwrap(listQuotes({ query: { symbols } })),
  });
  private readonly read = computed(() =>
    this.quotes.hasValue() ? (this.quotes.value().items[0] ?? null) : null,
  );
  protected readonly quote = computed(() =>
    upToDate(this.read(), this.live.newest(this.instrument().symbol)),
  );
  /** Said where the quote is of another source than the bars: they do not go on from each other. */
  protected readonly other = computed(() => {
    const [quote, { source, simulated, last_at, timezone }] = [this.quote(), this.instrument()];
    if (!quote || (quote.source as string) === source) return '';
    const bars = sourceInWords({ source, simulated }).toLowerCase();
    const until = last_at ? `, until ${formatDate(last_at, timezone)}` : '';
    const quoted = quote.simulated ? 'This quote is simulated' : sourceInWords(quote);
    return `${quoted}; the chart shows ${bars}${until}. One does not go on from the other.`;
  });
  protected readonly ended = computed(() => {
    const { last_at, timezone } = this.instrument();
    return last_at
      ? `Not quoted. Its newest price is that of ${formatDate(last_at, timezone)}.`
      : 'Not quoted yet.';
  });

  constructor() {
    this.live.followAll(computed(() => [this.instrument().symbol]));
    this.live.readMeanwhile(
      async () => void this.quotes.reload(),
      () => this.read()?.source === 'pushed',
    );
  }
}
