import { Component, computed, effect, ElementRef, inject, input, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatFormField } from '@angular/material/form-field';
import { MatSelectModule } from '@angular/material/select';
import { Router, RouterLink } from '@angular/router';
import { listSignals, type SignalOut } from '@core/api';
import { mergeFirstPage } from '@core/http/merge-first-page';
import { pollWhileVisible } from '@core/http/poll';
import { unwrap } from '@core/http/unwrap';
import { keptList } from '@core/page/kept-list';
import { SignalTypes } from '@core/signals/signal-types';
import { EmptyState } from '@shared/empty-state';
import { Icon } from '@shared/icon';
import { ListFrame } from '@shared/list-frame';
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
/** Further down than this, px, someone is reading: new rows wait. */
const READING_FROM = 80;
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
    ListFrame,
    Icon,
    SymbolPicker,
    SignalTable,
  ],
  templateUrl: './signals-page.html',
  styleUrl: './signals-page.scss',
})
export class SignalsPage {
  private readonly router = inject(Router);
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef);
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
  /** What arrived while someone was reading. */
  protected readonly waiting = signal<readonly SignalOut[]>([]);
  protected readonly fresh = signal<ReadonlySet<string>>(new Set());
  protected readonly stalled = signal(false);

  constructor() {
    effect(() => {
      const filters = this.filters();
      this.waiting.set([]);
      void this.list.load(filters);
    });
    pollWhileVisible(EVERY_MS, () => this.refresh());
  }

  protected filter(change: Partial<Record<'type' | 'ticker' | 'outcome', string | null>>): void {
    this.go({ ...change, open: null });
  }

  protected clear(): void {
    this.filter({ type: null, ticker: null, outcome: null });
  }

  protected toggle(id: string): void {
    this.go({ open: id === this.open() ? null : id });
  }

  protected showWaiting(): void {
    const fresh = this.waiting();
    this.waiting.set([]);
    this.putOnTop(fresh);
    this.scroller()?.scrollTo({ top: 0 });
  }

  private go(queryParams: Record<string, string | null>): void {
    void this.router.navigate(['/signals'], {
      queryParams,
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
      if (filters === this.filters()) await this.take(first.items, Boolean(first.next_cursor));
    } catch {
      this.stalled.set(true);
    }
  }

  private async take(first: readonly SignalOut[], hasMore: boolean): Promise<void> {
    const { known, fresh, gap } = mergeFirstPage(this.list.items(), first, hasMore);
    this.list.update(() => known);
    if (!fresh.length) return;
    if (this.reading()) this.waiting.set(fresh);
    else if (gap) await this.list.reload();
    else this.putOnTop(fresh);
  }

  private putOnTop(fresh: readonly SignalOut[]): void {
    const ids = new Set(fresh.map((item) => item.id));
    this.fresh.set(ids);
    this.list.update((items) => [...fresh, ...items.filter((item) => !ids.has(item.id))]);
  }

  private reading(): boolean {
    return Boolean(this.open()) || (this.scroller()?.scrollTop ?? 0) > READING_FROM;
  }

  private scroller(): HTMLElement | null {
    return this.host.nativeElement.closest('main');
  }
}
