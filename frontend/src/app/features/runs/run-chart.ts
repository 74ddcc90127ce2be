import { Component, computed, input, linkedSignal, signal, untracked } from '@angular/core';
import { MatSlideToggle } from '@angular/material/slide-toggle';
import { RouterLink } from '@angular/router';
import type { DatasetKind, ExecutionOut } from '@core/api';
import { datasetOf } from '@core/market/datasets';
import { DateTimePipe } from '@shared/format/format-pipes';
import { PriceChart } from '@shared/price-chart/price-chart';
import { planOf, studiesOf, timeframeOf } from './run-plan';
import { hasNext } from './what-next';

/** Prices as the run saw them, with its plan; what came later only on request. */
@Component({
  selector: 'k-run-chart',
  imports: [MatSlideToggle, RouterLink, PriceChart, DateTimePipe],
  template: `
    <div class="head">
      <h2>
        <a [routerLink]="['/symbols', run().symbol]">{{ run().symbol }}</a>
      </h2>
      <span class="k-muted">Seen until {{ now() | kDateTime }}</span>
      @if (!hasNext()) {
        <mat-slide-toggle hideIcon [checked]="later()" (change)="later.set($event.checked)">
          Show later prices
        </mat-slide-toggle>
      }
    </div>
    <k-price-chart
      [symbol]="run().symbol"
      [timeframe]="timeframe()"
      [end]="now()"
      [dataset]="dataset()"
      [later]="later()"
      [lines]="plan().lines"
      [marks]="plan().marks"
      [studies]="studies()"
    />
  `,
  styles: `
    .head {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 4px 16px;
      padding: 12px 16px 0;
      font-size: 13px;
    }
    mat-slide-toggle {
      margin-left: auto;
    }
  `,
})
export class RunChart {
  readonly run = input.required<ExecutionOut>();

  /** Then the trade is played forward below, and this chart stays what the run saw. */
  protected readonly hasNext = computed(() => hasNext(this.run()));
  protected readonly later = signal(false);
  protected readonly now = computed(() => this.run().as_of);
  protected readonly timeframe = computed(() => timeframeOf(this.run()));
  /**
   * Whose prices it read, as the record had it when it was opened: what is chosen for the symbol
   * since then is of no account, and a chart is not drawn anew once a run has read them.
   */
  protected readonly dataset = linkedSignal<string, DatasetKind | null>({
    source: () => this.run().id,
    computation: (id, before) => {
      if (before?.source === id) return before.value;
      const data = untracked(this.run).data;
      return data && datasetOf(data.source);
    },
  });
  protected readonly plan = computed(() => planOf(this.run()), { equal: sameJson });
  protected readonly studies = computed(() => studiesOf(this.run()), { equal: sameJson });
}

/** Live updates make new objects all the time; the chart is drawn anew only for new content. */
function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
