import { Component, computed, inject } from '@angular/core';
import { MatButtonToggleGroup, MatButtonToggleModule } from '@angular/material/button-toggle';
import { MatDialog } from '@angular/material/dialog';
import { MatSlideToggle } from '@angular/material/slide-toggle';
import { confirm } from '@shared/confirm-dialog';
import { Notice } from '@shared/notice';
import type { Edit, PeriodicStart, SignalStart, Start, StartKind } from '../domain/trigger';
import { changeOver, newStart, startGap } from '../domain/trigger';
import { PipelineDocument } from '../state/pipeline-document';
import { StartSwitch } from '../state/start-switch';
import { Activation } from './activation';
import { ScheduleFields } from './schedule-fields';
import { SignalFields } from './signal-fields';

/** How the pipeline starts: by hand, on a schedule, or on signals. Saved with the rest of it. */
@Component({
  selector: 'k-trigger-panel',
  imports: [
    MatButtonToggleModule,
    MatSlideToggle,
    Activation,
    Notice,
    ScheduleFields,
    SignalFields,
  ],
  template: `
    <h3 id="starts">Starts</h3>
    <mat-button-toggle-group
      aria-labelledby="starts"
      hideSingleSelectionIndicator
      #kinds="matButtonToggleGroup"
      [value]="start().kind"
      [disabled]="switch.busy()"
      (change)="choose($event.value, kinds)"
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
        @if (signals(); as value) {
          <k-signal-fields
            [value]="value"
            [pipelineId]="pipelineId()"
            (changed)="editSignals($event)"
          />
        }
      }
      @default {
        <p class="k-muted note">It runs when you press Run, and never by itself.</p>
      }
    }
    @if (held()) {
      <k-notice kind="warning" icon="pause_circle">
        Not changed yet. {{ gap() }} Until then it starts as before.
      </k-notice>
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
    }
    @if (timed() || switch.active()) {
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
  private readonly dialogs = inject(MatDialog);
  protected readonly document = inject(PipelineDocument);
  protected readonly switch = inject(StartSwitch);
  /** What was entered for the kinds that are not chosen, so that looking around loses nothing. */
  private readonly kept = computed(() => {
    this.pipelineId();
    return new Map<StartKind, Start>();
  });
  protected readonly pipelineId = computed(() => this.document.facts()?.id ?? '');

  protected readonly held = this.document.held;
  protected readonly start = computed(() => this.held() ?? this.document.trigger());
  protected readonly gap = computed(() => startGap(this.start()));
  protected readonly periodic = computed(() => {
    const start = this.start();
    return start.kind === 'periodic' ? start : null;
  });
  protected readonly signals = computed(() => {
    const start = this.start();
    return start.kind === 'signal' ? start : null;
  });
  protected readonly timed = computed(() => this.periodic() ?? this.signals());

  /** Another way to start. Of a pipeline that is active this is asked first. */
  protected async choose(kind: StartKind, shown: MatButtonToggleGroup): Promise<void> {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
    const next = this.kept().get(kind) ?? newStart(kind, zone);
    const asks = changeOver(this.document.trigger(), next, this.switch.active()) === 'ask';
    if (!asks || ((await this.agreed(kind)) && (await this.switch.turn(false)))) {
      this.kept().set(this.start().kind, this.start());
      this.held.set(null);
      this.document.editTrigger(next);
    }
    // The buttons show what was pressed, which may not be what is.
    shown.value = this.start().kind;
  }

  private agreed(kind: StartKind): Promise<boolean> {
    const then =
      kind === 'manual'
        ? 'It will only run when you press Run.'
        : 'Set the new way up, then switch it on.';
    return confirm(this.dialogs, {
      title: 'Switch it off and change how it starts?',
      text: `It is active and starts by itself. ${then} Undo does not switch it back on.`,
      action: 'Switch off and change',
    });
  }

  protected editSchedule(edit: Edit<PeriodicStart>): void {
    const start = this.periodic();
    if (start) this.write(edit(start));
  }

  protected editSignals(edit: Edit<SignalStart>): void {
    const start = this.signals();
    if (start) this.write(edit(start));
  }

  protected keepHours(only: boolean): void {
    const start = this.timed();
    if (start) this.write({ ...start, market_hours_only: only });
  }

  private write(start: Start): void {
    const holds = changeOver(this.document.trigger(), start, this.switch.active()) === 'hold';
    this.held.set(holds ? start : null);
    if (!holds) this.document.editTrigger(start);
  }
}
