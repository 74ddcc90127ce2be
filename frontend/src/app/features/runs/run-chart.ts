import { Component, computed, input, resource, signal } from '@angular/core';
import { MatSlideToggle } from '@angular/material/slide-toggle';
import type { ExecutionOut } from '@core/api';
import { toProblemError } from '@core/http/problem-error';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { DateTimePipe } from '@shared/format/format-pipes';
import { PriceChart } from '@shared/price-chart/price-chart';
import { Skeleton } from '@shared/skeleton';
import { loadBars, planOf, timeframeOf } from './run-bars';

/** Prices as the run saw them, with its plan; what came later only on request. */
@Component({
  selector: 'k-run-chart',
  imports: [MatSlideToggle, EmptyState, ErrorState, PriceChart, Skeleton, DateTimePipe],
  template: `
    <div class="head">
      <h2>
        {{ run().symbol }} <span class="k-muted">{{ timeframe() }} bars</span>
      </h2>
      <span class="k-muted seen">Seen until {{ now() | kDateTime }}</span>
      <mat-slide-toggle hideIcon [checked]="later()" (change)="later.set($event.checked)">
        Show what happened next
      </mat-slide-toggle>
    </div>
    <div class="chart">
      @if (error(); as error) {
        <k-error-state [error]="error" (retry)="bars.reload()" />
      } @else if (!shown().length && bars.isLoading()) {
        <k-skeleton [height]="340" />
      } @else if (shown().length) {
        <k-price-chart
          [symbol]="run().symbol"
          [bars]="shown()"
          [lines]="plan().lines"
          [marks]="plan().marks"
        />
      } @else {
        <k-empty-state icon="candlestick_chart" title="There are no bars for this time" />
      }
    </div>
    @if (later() && !bars.isLoading() && shown().length) {
      <p class="legend k-muted">
        @if (cameLater()) {
          Pale bars came after the run. No agent saw them.
        } @else {
          There are no bars after the run yet.
        }
      </p>
    }
  `,
  styles: `
    .head {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 4px 16px;
      padding: 12px 16px;
    }
    h2 .k-muted,
    .seen {
      font-size: 13px;
      font-weight: 400;
    }
    mat-slide-toggle {
      margin-left: auto;
    }
    .chart {
      height: 356px;
      padding: 0 8px 16px 16px;
    }
    .legend {
      padding: 0 16px 12px;
      font-size: 12px;
    }
  `,
})
export class RunChart {
  readonly run = input.required<ExecutionOut>();

  protected readonly later = signal(false);
  protected readonly now = computed(() => this.run().as_of);
  protected readonly timeframe = computed(() => timeframeOf(this.run()));
  protected readonly plan = computed(() => planOf(this.run()), { equal: sameJson });
  private readonly wanted = computed(
    () => ({
      symbol: this.run().symbol,
      timeframe: this.timeframe(),
      now: this.now(),
      later: this.later(),
    }),
    { equal: sameJson },
  );
  protected readonly bars = resource({
    params: () => this.wanted(),
    loader: ({ params: { symbol, timeframe, now, later } }) =>
      loadBars(symbol, timeframe, now, later),
  });
  protected readonly shown = computed(() => (this.bars.hasValue() ? this.bars.value() : []));
  protected readonly cameLater = computed(() => this.shown().some((bar) => bar.later));
  protected readonly error = computed(() => {
    const error = this.bars.error();
    return error ? toProblemError(error) : null;
  });
}

/** Live updates make new objects all the time; the chart is drawn anew only for new content. */
function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
