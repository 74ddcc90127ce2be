import {
  Component,
  computed,
  effect,
  inject,
  input,
  resource,
  signal,
  viewChild,
} from '@angular/core';
import { MatButton } from '@angular/material/button';
import { Router, RouterLink } from '@angular/router';
import {
  type DatasetKind,
  type ExecutionSummary,
  getSymbol,
  listExecutions,
  listSignals,
  type SignalOut,
} from '@core/api';
import { pollWhileVisible } from '@core/http/poll';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { dataBadgeOf } from '@core/market/data-badge';
import { WatchList } from '@core/market/watch-list';
import { PageContext } from '@core/page/page-context';
import { followRuns } from '@core/runs/follow-runs';
import { waitInWords } from '@core/runs/wait-words';
import { SignalTypes } from '@core/signals/signal-types';
import { ORDER_TICKET } from '@core/trading/order-ticket';
import { DirectionChip } from '@shared/direction-chip';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { Icon } from '@shared/icon';
import { PriceChart } from '@shared/price-chart/price-chart';
import { Skeleton, SkeletonRows } from '@shared/skeleton';
import { StatusBadge } from '@shared/status-badge';
import { SymbolPicker } from '@shared/symbol-picker/symbol-picker';
import { Time } from '@shared/time';
import { Markets } from '@core/market/markets';
import { factsOf } from './symbol-facts';
import { priceChoices } from './symbol-prices';
import { marksOf, saidOf } from './symbol-signals';
import { SymbolActions } from './symbol-actions';
import { SymbolQuote } from './symbol-quote';

const NOT_FOUND = 404;
const SHOWN = 8;
const MARKED = 100;
/** A bar of a minute is the shortest there is. */
const BARS_EVERY_MS = 60_000;
const SIGNALS_EVERY_MS = 10_000;

/** One symbol: its prices, its quote, the signals that named it and what ran on it. */
@Component({
  selector: 'k-symbol-page',
  imports: [
    RouterLink,
    MatButton,
    DirectionChip,
    EmptyState,
    ErrorState,
    Icon,
    PriceChart,
    Skeleton,
    SkeletonRows,
    StatusBadge,
    SymbolActions,
    SymbolPicker,
    SymbolQuote,
    Time,
  ],
  providers: [WatchList],
  templateUrl: './symbol-page.html',
  styleUrl: './symbol-page.scss',
})
export class SymbolPage {
  private readonly router = inject(Router);
  private readonly markets = inject(Markets);
  private readonly page = inject(PageContext);
  private readonly chart = viewChild(PriceChart);
  protected readonly list = inject(WatchList);
  protected readonly types = inject(SignalTypes);
  protected readonly ticket = inject(ORDER_TICKET);

  /** As it stands in the address. */
  readonly symbol = input.required<string>();
  /** The kind of prices that was chosen, in the address; without one the time decides. */
  readonly prices = input<string>();

  protected readonly instrument = resource({
    params: () => this.symbol(),
    loader: ({ params: symbol }) => unwrap(getSymbol({ path: { symbol } })),
  });
  protected readonly found = computed(() =>
    this.instrument.hasValue() ? this.instrument.value() : null,
  );
  protected readonly error = computed(() => {
    const error = this.instrument.error();
    return error ? toProblemError(error) : null;
  });
  protected readonly unknown = computed(() => this.error()?.status === NOT_FOUND);
  protected readonly remedy = computed(() =>
    this.error()?.detail.includes('is not a symbol')
      ? this.error()?.detail
      : 'Neither you nor Kuber has any. Import a file with its bars, or choose another symbol.',
  );
  protected readonly signals = resource({
    params: () => this.found()?.symbol,
    loader: ({ params: ticker }) => unwrap(listSignals({ query: { ticker, limit: MARKED } })),
  });
  protected readonly runs = resource({
    params: () => this.found()?.symbol,
    loader: ({ params: symbol }) => unwrap(listExecutions({ query: { symbol, limit: SHOWN } })),
  });
  protected readonly recent = computed(() =>
    this.signals.hasValue() ? this.signals.value().items.slice(0, SHOWN) : [],
  );
  protected readonly marks = computed(() => {
    const symbol = this.found()?.symbol;
    if (!symbol || !this.signals.hasValue()) return [];
    return marksOf(this.signals.value().items, symbol, (type) => this.types.nameOf(type));
  });
  protected readonly choices = priceChoices(this.found);
  private readonly chosen = computed(() =>
    this.choices().find(({ kind }) => kind === this.prices()),
  );
  protected readonly dataset = computed(() => this.chosen()?.kind ?? null);
  /** The instrument with the prices on show. */
  protected readonly shown = computed(() => {
    const [found, span] = [this.found(), this.chosen()?.span];
    return found && { ...found, ...span };
  });
  protected readonly facts = computed(() => {
    const shown = this.shown();
    return shown ? factsOf(shown, this.markets.nameOf(shown.calendar)) : [];
  });
  protected readonly watched = computed(() => this.list.has(this.found()?.symbol ?? ''));
  protected readonly busy = signal(false);
  protected readonly problem = toProblemError;

  constructor() {
    effect(() => {
      const [found, symbol] = [this.found(), this.symbol()];
      this.page.show([{ label: found?.symbol ?? symbol }], null, dataBadgeOf(this.shown()));
      // One address for one symbol, however it was written.
      if (found && found.symbol !== symbol)
        void this.router.navigate(['/symbols', found.symbol], {
          queryParamsHandling: 'preserve',
          replaceUrl: true,
        });
    });
    followRuns(() => this.runs.reload());
    pollWhileVisible(SIGNALS_EVERY_MS, async () => void this.signals.reload());
    pollWhileVisible(BARS_EVERY_MS, async () => {
      if (this.shown()?.last_at === null) this.chart()?.refresh();
    });
  }

  protected words(run: ExecutionSummary): string {
    return waitInWords(run) ?? run.outcome ?? run.error ?? run.pipeline_name;
  }

  protected said(signal: SignalOut) {
    return saidOf(signal, this.found()?.symbol ?? '');
  }

  protected async toggle(symbol: string): Promise<void> {
    if (this.busy()) return;
    this.busy.set(true);
    await (this.watched() ? this.list.remove(symbol) : this.list.add(symbol));
    this.busy.set(false);
  }

  /** Shows these prices alone; null for those that answer at each time. */
  protected choose(prices: DatasetKind | null): void {
    void this.router.navigate(['/symbols', this.symbol()], {
      queryParams: { prices },
      queryParamsHandling: 'merge',
    });
  }

  protected open(symbol: string): void {
    if (symbol) void this.router.navigate(['/symbols', symbol]);
  }
}
