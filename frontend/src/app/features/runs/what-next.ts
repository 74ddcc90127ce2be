import { Component, computed, input, linkedSignal, resource } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { type ExecutionOut, type NextTradeOut, whatHappenedNext } from '@core/api';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { estimateInWords } from '@core/runs/estimate';
import { isOver } from '@core/runs/run-progress';
import { ErrorState } from '@shared/error-state';
import { MoneyPipe, PricePipe, QuantityPipe } from '@shared/format/format-pipes';
import { formatPrice, formatQuantity } from '@shared/format/numbers';
import { PriceChart } from '@shared/price-chart/price-chart';
import { Skeleton } from '@shared/skeleton';
import { Time } from '@shared/time';
import { legInWords, planOfNext } from './next-chart';

/** Whether a run's trade can be played forward: it looked at a past moment, and filled an entry. */
export function hasNext(run: ExecutionOut): boolean {
  return !run.real_time && isOver(run.status) && !!run.trade?.fills.length;
}

/** How the trade of a finished run went on. Hidden until asked for: to the run it is the future. */
@Component({
  selector: 'k-what-next',
  imports: [MatButton, ErrorState, PriceChart, Skeleton, Time, MoneyPipe, PricePipe, QuantityPipe],
  templateUrl: './what-next.html',
  styleUrl: './what-next.scss',
})
export class WhatNext {
  readonly run = input.required<ExecutionOut>();

  private readonly id = computed(() => this.run().id);
  protected readonly shown = linkedSignal({ source: this.id, computation: () => false });
  protected readonly found = resource({
    params: () => (this.shown() ? this.id() : undefined),
    loader: ({ params: id }) => unwrap(whatHappenedNext({ path: { execution_id: id } })),
  });
  protected readonly next = computed(() => (this.found.hasValue() ? this.found.value() : null));
  protected readonly trades = computed(() =>
    (this.next()?.trades ?? []).map((trade) => ({
      trade,
      plan: planOfNext(trade),
      facts: factsOf(trade),
    })),
  );
  protected readonly error = computed(() => {
    const error = this.found.error();
    return error ? toProblemError(error) : null;
  });
  protected readonly leg = legInWords;
}

function factsOf(trade: NextTradeOut): readonly { label: string; value: string }[] {
  const { pnl, r, currency, open_quantity: open, last_price: last } = trade;
  const price = formatPrice(trade.entry_price);
  const entry = trade.estimated ? `${price} (${estimateInWords(trade.side)})` : price;
  const facts = [{ label: 'Entry', value: entry }];
  if (trade.status === 'no_data') return facts;
  const words = trade.status === 'open' ? 'Profit so far' : 'Profit after commissions';
  facts.push(
    { label: words, value: `${signed(Number(pnl), 2)} ${currency}` },
    { label: 'In risks', value: `${signed(Number(r), 2)} R` },
  );
  if (trade.status === 'open') {
    facts.push({ label: 'Held', value: `${formatQuantity(open)}, last ${formatPrice(last)}` });
  }
  return facts;
}

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return value < 0 ? `−${text}` : `+${text}`;
}
