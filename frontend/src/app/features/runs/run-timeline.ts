import { Component, computed, effect, input, output, signal } from '@angular/core';
import type { ExecutionOut } from '@core/api';
import { DurationPipe } from '@shared/format/format-pipes';
import { StatusBadge } from '@shared/status-badge';
import { timelineOf } from './timeline';

const TICK_MS = 250;

/** The nodes of a run over time: one row each, waits hatched, retries counted. */
@Component({
  selector: 'k-run-timeline',
  imports: [DurationPipe, StatusBadge],
  templateUrl: './run-timeline.html',
  styleUrl: './run-timeline.scss',
})
export class RunTimeline {
  readonly run = input.required<ExecutionOut>();
  readonly selected = input<string | null>(null);
  readonly chosen = output<string>();

  private readonly now = signal(Date.now());
  protected readonly timeline = computed(() => timelineOf(this.run(), this.now()));

  constructor() {
    effect((onCleanup) => {
      if (this.run().finished_at) return;
      const timer = setInterval(() => this.now.set(Date.now()), TICK_MS);
      onCleanup(() => clearInterval(timer));
    });
  }
}
