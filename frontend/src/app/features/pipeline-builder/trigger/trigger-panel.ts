import { Component, computed, inject } from '@angular/core';
import { MatButtonToggleModule } from '@angular/material/button-toggle';
import { MatSlideToggle } from '@angular/material/slide-toggle';
import type { Edit, PeriodicStart, SignalStart, Start, StartKind } from '../domain/trigger';
import { newStart } from '../domain/trigger';
import { PipelineDocument } from '../state/pipeline-document';
import { Activation } from './activation';
import { ScheduleFields } from './schedule-fields';
import { SignalFields } from './signal-fields';

/** How the pipeline starts: by hand, on a schedule, or on signals. Saved with the rest of it. */
@Component({
  selector: 'k-trigger-panel',
  imports: [MatButtonToggleModule, MatSlideToggle, Activation, ScheduleFields, SignalFields],
  template: `
    <h3 id="starts">Starts</h3>
    <mat-button-toggle-group
      aria-labelledby="starts"
      hideSingleSelectionIndicator
      [value]="start().kind"
      (change)="choose($event.value)"
    >
      <mat-button-toggle value="manual">By hand</mat-button-toggle>
      <mat-button-toggle value="periodic">On schedule</mat-button-toggle>
      <mat-button-toggle value="signal">On signals</mat-button-toggle>
    </mat-button-toggle-group>
    @switch (start().kind) {
      @case ('periodic') {
        @if (periodic(); as value) {
          <k-schedule-fields [value]="value" (changed)="editSchedule($event)" />
        }
      }
      @case ('signal') {
        @if (signal(); as value) {
          <k-signal-fields
            [value]="value"
            [pipelineId]="document.facts()?.id ?? ''"
            (changed)="editSignals($event)"
          />
        }
      }
      @default {
        <p class="k-muted note">It runs when you press Run, and never by itself.</p>
      }
    }
    @if (timed(); as value) {
      <mat-slide-toggle
        hideIcon
        class="hours"
        [checked]="value.market_hours_only"
        (change)="keepHours($event.checked)"
      >
        Only while the market is open
      </mat-slide-toggle>
      <k-activation />
    }
  `,
  styles: `
    :host {
      display: grid;
      gap: 12px;
      margin-top: 16px;
      font-size: 13px;
    }
    h3 {
      margin: 0;
    }
    mat-button-toggle-group {
      display: flex;
    }
    mat-button-toggle {
      flex: 1;
      font-size: 13px;
      text-align: center;
    }
  `,
})
export class TriggerPanel {
  protected readonly document = inject(PipelineDocument);
  /** What was entered for the kinds that are not chosen, so that looking around loses nothing. */
  private readonly kept = new Map<StartKind, Start>();

  protected readonly start = this.document.trigger;
  protected readonly periodic = computed(() => {
    const start = this.start();
    return start.kind === 'periodic' ? start : null;
  });
  protected readonly signal = computed(() => {
    const start = this.start();
    return start.kind === 'signal' ? start : null;
  });
  protected readonly timed = computed(() => this.periodic() ?? this.signal());

  protected choose(kind: StartKind): void {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
    this.kept.set(this.start().kind, this.start());
    this.write(this.kept.get(kind) ?? newStart(kind, zone));
  }

  protected editSchedule(edit: Edit<PeriodicStart>): void {
    const start = this.periodic();
    if (start) this.write(edit(start));
  }

  protected editSignals(edit: Edit<SignalStart>): void {
    const start = this.signal();
    if (start) this.write(edit(start));
  }

  protected keepHours(only: boolean): void {
    const start = this.timed();
    if (start) this.write({ ...start, market_hours_only: only });
  }

  private write(start: Start): void {
    this.document.trigger.set(start);
  }
}
