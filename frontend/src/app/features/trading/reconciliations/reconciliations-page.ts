import { Component, computed, effect, inject, input, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { RouterLink } from '@angular/router';
import { listReconciliations, reconcile, type ReconciliationOut } from '@core/api';
import { Attempt } from '@core/http/attempt';
import { unwrap } from '@core/http/unwrap';
import { addressFilters } from '@core/page/address-filters';
import { keptList } from '@core/page/kept-list';
import { PageContext } from '@core/page/page-context';
import { Accounts } from '@core/trading/accounts';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { FilterChips } from '@shared/filter-chips';
import { Icon } from '@shared/icon';
import { ListFrame } from '@shared/list-frame';
import { ListHead } from '@shared/list-head';
import { Notice } from '@shared/notice';
import { RowToggle } from '@shared/row-toggle';
import { Time } from '@shared/time';

interface Filters {
  readonly account_id: string | null;
  readonly status: ReconciliationOut['status'] | null;
}

const PAGE_SIZE = 50;
const STATUSES = [
  { value: 'clean', label: 'Clean' },
  { value: 'differs', label: 'Differs' },
] as const;

/** Comparisons of ledger, balances, positions and fills, and where they differed. */
@Component({
  selector: 'k-reconciliations-page',
  imports: [
    EmptyState,
    ErrorState,
    FilterChips,
    Icon,
    ListFrame,
    ListHead,
    MatButton,
    Notice,
    RouterLink,
    RowToggle,
    Time,
  ],
  templateUrl: './reconciliations-page.html',
  styleUrl: './reconciliations-page.scss',
})
export class ReconciliationsPage {
  readonly account = input<string>();
  readonly status = input<string>();

  protected readonly accounts = inject(Accounts);
  protected readonly attempt = new Attempt();
  protected readonly statuses = STATUSES;
  protected readonly opened = signal<string | null>(null);
  protected readonly filters = computed<Filters>(() => ({
    account_id: this.account() ?? null,
    status: STATUSES.find(({ value }) => value === this.status())?.value ?? null,
  }));
  protected readonly filtered = computed(
    () => (this.filters().account_id ?? this.filters().status) !== null,
  );
  protected readonly blocked = computed(() =>
    this.accounts.open().filter(({ entries_blocked }) => entries_blocked),
  );
  protected readonly list = keptList<ReconciliationOut, Filters>(
    'reconciliations',
    (filters, cursor) =>
      unwrap(listReconciliations({ query: { ...filters, cursor, limit: PAGE_SIZE } })),
  );
  protected readonly said = signal('');

  protected readonly filter = addressFilters('/reconciliations');

  constructor() {
    inject(PageContext).show([{ label: 'Reconciliation' }]);
    effect(() => void this.list.load(this.filters()));
  }

  protected clear(): void {
    this.filter({ account: null, status: null });
  }

  protected nameOf({ account_id }: ReconciliationOut): string {
    return this.accounts.find(account_id)?.name ?? 'A former account';
  }

  protected foundOf({ differences }: ReconciliationOut): string {
    const [first] = differences;
    if (!first) return 'Ledger, balances, positions and fills agree.';
    const more = differences.length - 1;
    return more ? `${first.text} And ${more} more.` : first.text;
  }

  protected toggle(event: Event, { id }: ReconciliationOut): void {
    if ((event.target as Element).closest('a')) return;
    this.opened.update((open) => (open === id ? null : id));
  }

  protected async run(): Promise<void> {
    this.said.set('');
    await this.attempt.make(async () => {
      await unwrap(reconcile({ body: {} }));
      await Promise.all([this.list.reload(), this.accounts.reload()]);
      this.said.set('Compared just now.');
    });
  }
}
