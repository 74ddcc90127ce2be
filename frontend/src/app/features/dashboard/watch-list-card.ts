import { Component, computed, inject, viewChild } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { QuoteOut, WatchedOut } from '@core/api';
import { LiveQuotes, upToDate } from '@core/market/live-quotes';
import { WatchList } from '@core/market/watch-list';
import { Change } from '@shared/change';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { PricePipe } from '@shared/format/format-pipes';
import { formatExact } from '@shared/format/times';
import { Icon } from '@shared/icon';
import { sourceInWords } from '@shared/price-chart/source-words';
import { SkeletonRows } from '@shared/skeleton';
import { SymbolPicker } from '@shared/symbol-picker/symbol-picker';

/** The symbols that somebody keeps an eye on, at their newest prices. */
@Component({
  selector: 'k-watch-list-card',
  imports: [
    RouterLink,
    Change,
    EmptyState,
    ErrorState,
    Icon,
    PricePipe,
    SkeletonRows,
    SymbolPicker,
  ],
  providers: [WatchList],
  templateUrl: './watch-list-card.html',
  styleUrl: './watch-list-card.scss',
})
export class WatchListCard {
  private readonly picker = viewChild.required(SymbolPicker);
  private readonly quotes = inject(LiveQuotes);
  protected readonly list = inject(WatchList);

  /** Null until they are known; at the newest prices. */
  protected readonly items = computed(
    () =>
      this.list.items()?.map((item) => ({
        ...item,
        quote: upToDate(item.quote, this.quotes.newest(item.symbol)),
      })) ?? null,
  );
  protected readonly simulated = computed(
    () => this.items()?.some(({ quote }) => quote?.simulated) ?? false,
  );
  /** Whether it has its height: what comes below moves no more. */
  readonly known = computed(() => Boolean(this.list.items() ?? this.list.loadError()));

  constructor() {
    this.quotes.followAll(computed(() => this.list.items()?.map(({ symbol }) => symbol) ?? []));
    this.quotes.readMeanwhile(
      () => this.list.refresh(),
      () => this.list.items()?.some(({ quote }) => quote?.source === 'pushed') ?? false,
    );
  }

  protected add(symbol: string): void {
    if (!symbol) return;
    this.picker().clear();
    void this.list.add(symbol);
  }

  protected named({ symbol, name }: WatchedOut): string {
    return name === symbol ? '' : name;
  }

  protected told(quote: QuoteOut): string {
    return `${sourceInWords(quote)}, ${formatExact(quote.quoted_at)}`;
  }
}
