import { BreakpointObserver } from '@angular/cdk/layout';
import { Component, computed, inject, input } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { MatIconButton } from '@angular/material/button';
import { Router, RouterLink } from '@angular/router';
import { map } from 'rxjs';
import { LiveQuotes } from '@core/market/live-quotes';
import { valueOf } from '@core/trading/position-value';
import { exitInWords, sideInWords, stateInWords } from '@core/trading/position-words';
import type { PositionOut } from '@core/api';
import { AveragePipe, PricePipe, QuantityPipe, RPipe } from '@shared/format/format-pipes';
import { formatPrice } from '@shared/format/numbers';
import { Icon } from '@shared/icon';
import { PriceAge } from '@shared/price-age';
import { SignedAmount } from '@shared/signed-amount';
import { Time } from '@shared/time';
import { windowedRows } from '@shared/windowed-rows';
import { ClosePosition } from './close-position';
import { ProtectionMark } from './protection-mark';

/** px, as the style sheet has them, with the line between rows. */
const ROW = 45;
const NARROW_ROW = 77;

/** Positions as rows, at prices as they move. Long lists are drawn where they are looked at. */
@Component({
  selector: 'k-position-table',
  imports: [
    PriceAge,
    AveragePipe,
    RouterLink,
    MatIconButton,
    Icon,
    PricePipe,
    ProtectionMark,
    QuantityPipe,
    RPipe,
    SignedAmount,
    Time,
  ],
  templateUrl: './position-table.html',
  styleUrl: './position-table.scss',
  host: { '[class.closed]': 'closed()' },
})
export class PositionTable {
  private readonly router = inject(Router);
  private readonly quotes = inject(LiveQuotes);
  protected readonly close = inject(ClosePosition);

  readonly items = input.required<readonly PositionOut[]>();
  /** Whether these are over. */
  readonly closed = input(false);

  private readonly narrow = toSignal(
    inject(BreakpointObserver)
      .observe('(max-width: 700px)')
      .pipe(map(({ matches }) => matches)),
    { initialValue: false },
  );
  protected readonly window = windowedRows(
    this.items,
    computed(() => (this.narrow() ? NARROW_ROW : ROW)),
  );
  private readonly symbols = computed(() =>
    this.closed() ? [] : [...new Set(this.window().rows.map(({ symbol }) => symbol))],
  );
  protected readonly rows = computed(() =>
    this.window().rows.map((position) => {
      const quote = this.closed() ? null : this.quotes.newest(position.symbol);
      return {
        position,
        newest: quote?.price ?? null,
        value: valueOf(position, quote?.price ?? null),
        stale: quote ? quote.stale : position.stale,
        at: quote?.quoted_at ?? position.quoted_at,
        targets: targetsInWords(position),
      };
    }),
  );

  constructor() {
    this.quotes.followAll(this.symbols);
  }

  protected readonly exit = exitInWords;
  protected readonly side = sideInWords;
  protected readonly state = stateInWords;

  protected open(event: Event, { id }: PositionOut): void {
    if ((event.target as Element).closest('a, button')) return;
    void this.router.navigate(['/positions', id]);
  }
}

/** `154.25, 158.00`, with a tick behind those that were reached. */
function targetsInWords({ targets }: PositionOut): string {
  const words = targets.map(
    ({ price, status }) => `${formatPrice(price)}${status === 'filled' ? ' ✓' : ''}`,
  );
  return words.join(', ') || '–';
}
