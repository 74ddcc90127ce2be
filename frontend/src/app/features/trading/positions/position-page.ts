import { Component, computed, effect, inject, input, untracked, viewChild } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { RouterLink } from '@angular/router';
import { pollWhileVisible } from '@core/http/poll';
import { LiveQuotes } from '@core/market/live-quotes';
import { PageContext } from '@core/page/page-context';
import { valueOf } from '@core/trading/position-value';
import { exitInWords, protectionOf, sideInWords, stateInWords } from '@core/trading/position-words';
import type { Mode } from '@core/api';
import { ErrorState } from '@shared/error-state';
import {
  AmountPipe,
  AveragePipe,
  PricePipe,
  QuantityPipe,
  RPipe,
} from '@shared/format/format-pipes';
import { Icon } from '@shared/icon';
import { ModeBadge } from '@shared/mode-badge';
import type { TradingMode } from '@shared/mode';
import { Notice } from '@shared/notice';
import { PriceAge } from '@shared/price-age';
import { PriceChart } from '@shared/price-chart/price-chart';
import { SignedAmount } from '@shared/signed-amount';
import { Skeleton } from '@shared/skeleton';
import { Time } from '@shared/time';
import { zoneInWords } from '@shared/format/times';
import { FillTable } from '../orders/fill-table';
import { OrderTable } from '../orders/order-table';
import { ClosePosition } from './close-position';
import { linesOf, marksOf } from './position-chart';
import { PositionStore } from './position-store';
import { happenings } from './position-timeline';
import { ProtectionMark } from './protection-mark';

/** A bar of a minute is the shortest there is. */
const BARS_EVERY_MS = 60_000;

/** One position: its ladder on the chart, what happened to it, its orders and fills. */
@Component({
  selector: 'k-position-page',
  imports: [
    PriceAge,
    AmountPipe,
    AveragePipe,
    ErrorState,
    FillTable,
    Icon,
    MatButton,
    ModeBadge,
    Notice,
    OrderTable,
    PriceChart,
    PricePipe,
    ProtectionMark,
    QuantityPipe,
    RouterLink,
    RPipe,
    SignedAmount,
    Skeleton,
    Time,
  ],
  providers: [PositionStore],
  templateUrl: './position-page.html',
  styleUrl: './position-page.scss',
})
export class PositionPage {
  private readonly quotes = inject(LiveQuotes);
  private readonly page = inject(PageContext);
  private readonly chart = viewChild(PriceChart);
  protected readonly store = inject(PositionStore);
  protected readonly close = inject(ClosePosition);

  /** As it stands in the address. */
  readonly id = input.required<string>();

  protected readonly position = this.store.position;
  protected readonly over = computed(() => this.position()?.status === 'closed');
  private readonly quote = computed(() => {
    const position = this.position();
    return position && !this.over() ? this.quotes.newest(position.symbol) : null;
  });
  protected readonly newest = computed(() => this.quote()?.price ?? null);
  protected readonly value = computed(() => {
    const position = this.position();
    return position && valueOf(position, this.newest());
  });
  /** When the last price is from, where it is stale. */
  protected readonly staleSince = computed(() => {
    const [position, quote] = [this.position(), this.quote()];
    if (!position || this.over()) return null;
    const stale = quote ? quote.stale : position.stale;
    return stale ? (quote?.quoted_at ?? position.quoted_at) : null;
  });
  protected readonly lines = computed(() => {
    const position = this.position();
    return position ? linesOf(position) : [];
  });
  protected readonly marks = computed(() => marksOf(this.store.orders()));
  protected readonly timeline = computed(() => {
    const position = this.position();
    return position ? happenings(position, this.store.orders()) : [];
  });
  protected readonly protection = computed(() => {
    const position = this.position();
    return position && protectionOf(position);
  });
  /** Quantity times seconds without an accepted stop, to the tenth. */
  protected readonly unprotected = computed(
    () => Math.round(Number(this.position()?.unprotected_seconds ?? 0) * 10) / 10,
  );
  protected readonly zone = zoneInWords();

  constructor() {
    effect(() => {
      const id = this.id();
      untracked(() => void this.store.load(id));
    });
    effect(() => {
      const position = this.position();
      const label = position ? `${sideInWords(position)} ${position.symbol}` : 'Position';
      const crumbs = [{ label: 'Positions', link: '/positions' }, { label }];
      this.page.show(crumbs, (position?.mode as Mode | undefined) ?? null);
    });
    this.quotes.followAll(
      computed(() => {
        const symbol = this.position()?.symbol;
        return symbol && !this.over() ? [symbol] : [];
      }),
    );
    pollWhileVisible(BARS_EVERY_MS, async () => {
      if (!this.over()) this.chart()?.refresh();
    });
  }

  protected readonly exit = exitInWords;
  protected readonly side = sideInWords;
  protected readonly state = stateInWords;

  protected modeOf(mode: string): TradingMode {
    return mode as TradingMode;
  }
}
