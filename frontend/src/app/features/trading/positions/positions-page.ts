import { Component, computed, DestroyRef, effect, inject, input, resource } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatFormField } from '@angular/material/form-field';
import { MatSelectModule } from '@angular/material/select';
import { RouterLink } from '@angular/router';
import { listPipelines, listPositions, type Mode, type PositionOut } from '@core/api';
import { reloadOnRecovery } from '@core/http/reload-on-recovery';
import { unwrap } from '@core/http/unwrap';
import { addressFilters } from '@core/page/address-filters';
import { keptList } from '@core/page/kept-list';
import { PageContext } from '@core/page/page-context';
import type { AccountNews } from '@core/socket/account-news';
import { Accounts } from '@core/trading/accounts';
import { withItem } from '@core/trading/merge-news';
import { ORDER_TICKET } from '@core/trading/order-ticket';
import { EmptyState } from '@shared/empty-state';
import { FilterChips } from '@shared/filter-chips';
import { Icon } from '@shared/icon';
import { ListFrame } from '@shared/list-frame';
import { ListHead } from '@shared/list-head';
import { MODE_LABELS, type TradingMode } from '@shared/mode';
import { matches, type PositionFilters } from './position-filters';
import { PositionTable } from './position-table';

const PAGE_SIZE = 200;
const PIPELINES_OFFERED = 100;
const MODES: readonly Mode[] = ['simulation', 'paper', 'live', 'validation'];
const STATUSES = [
  { value: 'open', label: 'Open' },
  { value: 'closed', label: 'Closed' },
] as const;

/** What is held and what was, at prices as they move. Filters live in the address bar. */
@Component({
  selector: 'k-positions-page',
  imports: [
    RouterLink,
    MatButton,
    MatFormField,
    MatSelectModule,
    EmptyState,
    FilterChips,
    Icon,
    ListFrame,
    ListHead,
    PositionTable,
  ],
  templateUrl: './positions-page.html',
  styleUrl: './positions-page.scss',
})
export class PositionsPage {
  readonly status = input<string>();
  readonly mode = input<string>();
  readonly account = input<string>();
  readonly pipeline = input<string>();

  protected readonly accounts = inject(Accounts);
  protected readonly ticket = inject(ORDER_TICKET);
  protected readonly statuses = STATUSES;
  protected readonly filters = computed<PositionFilters>(() => ({
    status: this.status() === 'closed' ? 'closed' : 'open',
    mode: MODES.find((mode) => mode === this.mode()) ?? null,
    account_id: this.account() ?? null,
    pipeline_id: this.pipeline() ?? null,
  }));
  protected readonly closed = computed(() => this.filters().status === 'closed');
  protected readonly filtered = computed(() => {
    const { mode, account_id, pipeline_id } = this.filters();
    return (mode ?? account_id ?? pipeline_id) !== null;
  });
  protected readonly modes = computed(() => {
    const modes = new Set(this.accounts.items()?.map(({ mode }) => mode));
    return [...modes].map((value) => ({ value, label: MODE_LABELS[value as TradingMode] }));
  });
  protected readonly pipelines = resource({
    loader: () => unwrap(listPipelines({ query: { limit: PIPELINES_OFFERED, sort: 'name' } })),
  });
  protected readonly list = keptList<PositionOut, PositionFilters>('positions', (filters, cursor) =>
    unwrap(listPositions({ query: { ...filters, cursor, limit: PAGE_SIZE } })),
  );
  /** How many are held without a stop in force. */
  protected readonly bare = computed(
    () =>
      this.list.items().filter((one) => one.protected_by === 'nothing' && Number(one.quantity) > 0)
        .length,
  );

  protected readonly filter = addressFilters('/positions');

  constructor() {
    reloadOnRecovery(this.pipelines);
    inject(PageContext).show([{ label: 'Positions' }]);
    effect(() => void this.list.load(this.filters()));
    const stop = this.accounts.hear((news) => this.heard(news));
    inject(DestroyRef).onDestroy(stop);
  }

  protected clear(): void {
    this.filter({ mode: null, account: null, pipeline: null });
  }

  private heard(news: AccountNews): void {
    switch (news.type) {
      case 'position_opened':
      case 'position_changed':
      case 'position_closed': {
        const position = news.data;
        this.list.update((items) =>
          withItem(items, position, (one) => matches(one, this.filters())),
        );
        return;
      }
      case 'look_again':
        void this.list.catchUp(({ id }) => id);
    }
  }
}
