import { Component, computed, inject, viewChild } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { QuoteOut, WatchedOut } from '@core/api';
import { pollWhileVisible } from '@core/http/poll';
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

const EVERY_MS = 3_000;

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
  protected readonly list = inject(WatchList);

  protected readonly simulated = computed(
    () => this.list.items()?.some(({ quote }) => quote?.simulated) ?? false,
  );
  /** Whether it has its height: what comes below moves no more. */
  readonly known = computed(() => Boolean(this.list.items() ?? this.list.loadError()));

  constructor() {
    pollWhileVisible(EVERY_MS, () => this.list.refresh());
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
