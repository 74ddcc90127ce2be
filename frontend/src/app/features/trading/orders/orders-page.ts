import { Component, computed, DestroyRef, effect, inject, input, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { RouterLink } from '@angular/router';
import { unwrap } from '@core/http/unwrap';
import { addressFilters } from '@core/page/address-filters';
import { keptList } from '@core/page/kept-list';
import { PageContext } from '@core/page/page-context';
import { followRuns } from '@core/runs/follow-runs';
import type { AccountNews } from '@core/socket/account-news';
import { Accounts } from '@core/trading/accounts';
import { withItem } from '@core/trading/merge-news';
import { isOpen } from '@core/trading/order-words';
import { ORDER_TICKET } from '@core/trading/order-ticket';
import { listOrders, type OrderOut, type OrderTotalsOut } from '@core/api';
import { EmptyState } from '@shared/empty-state';
import { FilterChips } from '@shared/filter-chips';
import { CountPipe } from '@shared/format/format-pipes';
import { formatAmount, formatMoney } from '@shared/format/numbers';
import { Icon } from '@shared/icon';
import { ListFrame } from '@shared/list-frame';
import { ListHead } from '@shared/list-head';
import { SymbolPicker } from '@shared/symbol-picker/symbol-picker';
import { OrderTable } from './order-table';

type State = 'open' | 'ended';
interface Filters {
  readonly state: State | null;
  readonly symbol: string | null;
}

const PAGE_SIZE = 50;
const STATES = [
  { value: 'open', label: 'Open' },
  { value: 'ended', label: 'Ended' },
] as const;

/** Everything that was ordered, whoever wanted it, with fills and commission. */
@Component({
  selector: 'k-orders-page',
  imports: [
    CountPipe,
    EmptyState,
    FilterChips,
    Icon,
    ListFrame,
    ListHead,
    MatButton,
    OrderTable,
    RouterLink,
    SymbolPicker,
  ],
  templateUrl: './orders-page.html',
  styleUrl: './orders-page.scss',
})
export class OrdersPage {
  readonly state = input<string>();
  readonly symbol = input<string>();

  protected readonly ticket = inject(ORDER_TICKET);
  protected readonly states = STATES;
  protected readonly totals = signal<OrderTotalsOut | null>(null);
  protected readonly filters = computed<Filters>(() => ({
    state: STATES.find(({ value }) => value === this.state())?.value ?? null,
    symbol: this.symbol() ?? null,
  }));
  protected readonly filtered = computed(
    () => (this.filters().state ?? this.filters().symbol) !== null,
  );
  protected readonly list = keptList<OrderOut, Filters>('orders', async (filters, cursor) => {
    const page = await unwrap(listOrders({ query: { ...filters, cursor, limit: PAGE_SIZE } }));
    this.totals.set(page.totals);
    return page;
  });
  /** Each currency's, in its own words; dollars as everywhere. */
  protected readonly commission = computed(() => {
    const { commissions } = this.totals() ?? {};
    if (!commissions) return '–';
    if (!commissions.length) return formatMoney('0');
    return commissions.map(({ amount, currency }) => formatAmount(amount, currency)).join(', ');
  });

  protected readonly filter = addressFilters('/orders');

  constructor() {
    inject(PageContext).show([{ label: 'Orders' }]);
    effect(() => void this.list.load(this.filters()));
    const stop = inject(Accounts).hear((news) => this.heard(news));
    inject(DestroyRef).onDestroy(stop);
    followRuns(() => void this.list.catchUp(({ id }) => id));
  }

  protected clear(): void {
    this.filter({ state: null, symbol: null });
  }

  private heard(news: AccountNews): void {
    if (news.type === 'order_updated') {
      const order = news.data;
      this.list.update((items) => withItem(items, order, (one) => this.belongs(one)));
    } else if (news.type === 'look_again') {
      void this.list.catchUp(({ id }) => id);
    }
  }

  private belongs(order: OrderOut): boolean {
    const { state, symbol } = this.filters();
    return (
      (state === null || isOpen(order) === (state === 'open')) &&
      (symbol === null || order.symbol === symbol)
    );
  }
}
