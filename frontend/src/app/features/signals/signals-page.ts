import { Component, computed, effect, inject, input, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatFormField } from '@angular/material/form-field';
import { MatSelectModule } from '@angular/material/select';
import { Router, RouterLink } from '@angular/router';
import { listSignals, type SignalOut } from '@core/api';
import { pollWhileVisible } from '@core/http/poll';
import { unwrap } from '@core/http/unwrap';
import { addressFilters } from '@core/page/address-filters';
import { keptList } from '@core/page/kept-list';
import { liveList } from '@core/page/live-list';
import { SignalTypes } from '@core/signals/signal-types';
import { EmptyState } from '@shared/empty-state';
import { FilterChips } from '@shared/filter-chips';
import { Icon } from '@shared/icon';
import { ListFrame } from '@shared/list-frame';
import { ListHead } from '@shared/list-head';
import { NewsButton } from '@shared/news-button';
import { SymbolPicker } from '@shared/symbol-picker/symbol-picker';
import { SignalTable } from './signal-table';

type Outcome = 'started' | 'skipped';

interface Filters {
  readonly signal_type: string | null;
  readonly ticker: string | null;
  readonly outcome: Outcome | null;
}

const PAGE_SIZE = 50;
const EVERY_MS = 3_000;
const OUTCOMES: readonly { readonly value: Outcome; readonly label: string }[] = [
  { value: 'started', label: 'Started a run' },
  { value: 'skipped', label: 'Skipped' },
];

/** Every signal as it comes in, newest first, and what came of it. */
@Component({
  selector: 'k-signals-page',
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
    NewsButton,
    SymbolPicker,
    SignalTable,
  ],
  templateUrl: './signals-page.html',
  styleUrl: './signals-page.scss',
})
export class SignalsPage {
  private readonly router = inject(Router);
  protected readonly types = inject(SignalTypes);

  readonly type = input<string>();
  readonly ticker = input<string>();
  readonly outcome = input<string>();
  /** The id of the signal that is open. */
  readonly open = input<string>();

  protected readonly outcomes = OUTCOMES;
  protected readonly filters = computed<Filters>(
    () => ({
      signal_type: this.type() ?? null,
      ticker: this.ticker() ?? null,
      outcome: OUTCOMES.find(({ value }) => value === this.outcome())?.value ?? null,
    }),
    { equal: (a, b) => JSON.stringify(a) === JSON.stringify(b) },
  );
  protected readonly filtered = computed(() =>
    Object.values(this.filters()).some((value) => value !== null),
  );
  protected readonly list = keptList<SignalOut, Filters>('signals', (filters, cursor) =>
    unwrap(listSignals({ query: { ...filters, cursor, limit: PAGE_SIZE } })),
  );
  protected readonly live = liveList(this.list, { reading: () => Boolean(this.open()) });
  protected readonly stalled = signal(false);
  private readonly change = addressFilters('/signals');

  constructor() {
    effect(() => {
      const filters = this.filters();
      this.live.forget();
      void this.list.load(filters);
    });
    pollWhileVisible(EVERY_MS, () => this.refresh());
  }

  protected filter(change: Partial<Record<'type' | 'ticker' | 'outcome', string | null>>): void {
    this.change({ ...change, open: null });
  }

  protected clear(): void {
    this.filter({ type: null, ticker: null, outcome: null });
  }

  protected toggle(id: string): void {
    void this.router.navigate(['/signals'], {
      queryParams: { open: id === this.open() ? null : id },
      queryParamsHandling: 'merge',
      replaceUrl: true,
    });
  }

  /** Asks for the first page again; rows already on show stay where they are. */
  private async refresh(): Promise<void> {
    if (this.list.loadingFirst() || this.list.loadingMore()) return;
    if (this.list.error()) return this.list.reload();
    const filters = this.filters();
    try {
      const first = await unwrap(listSignals({ query: { ...filters, limit: PAGE_SIZE } }));
      this.stalled.set(false);
      if (filters === this.filters()) await this.live.take(first.items, Boolean(first.next_cursor));
    } catch {
      this.stalled.set(true);
    }
  }
}
