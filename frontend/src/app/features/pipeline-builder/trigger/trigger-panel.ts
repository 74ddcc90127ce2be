import { Component, computed, inject } from '@angular/core';
import { MatButtonToggleModule } from '@angular/material/button-toggle';
import { MatSlideToggle } from '@angular/material/slide-toggle';
import { Notice } from '@shared/notice';
import { startInWords } from '../domain/changes';
import type { Edit, PeriodicStart, SignalStart, Start, StartKind } from '../domain/trigger';
import { newStart, sameStart } from '../domain/trigger';
import { EditorStore } from '../state/editor-store';
import { PipelineDocument } from '../state/pipeline-document';
import { StartSwitch } from '../state/start-switch';
import { AccountChoice } from './account-choice';
import { Activation } from './activation';
import { ScheduleFields } from './schedule-fields';
import { SignalFields } from './signal-fields';

/** How the draft starts: by hand, on a schedule, or on signals. Saved and published with the rest. */
@Component({
  selector: 'k-trigger-panel',
  imports: [
    AccountChoice,
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
    @if (until(); as words) {
      <k-notice icon="edit_note">Takes effect when it is published. {{ words }}</k-notice>
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
    <k-account-choice />
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
  private readonly editor = inject(EditorStore);
  protected readonly switch = inject(StartSwitch);
  protected readonly pipelineId = computed(() => this.document.facts()?.id ?? '');

  protected readonly start = this.document.trigger;
  /** How it starts until this is published; '' when it starts so already, or never yet. */
  protected readonly until = computed(() => {
    const published = this.document.facts()?.publishedTrigger;
    if (!published || sameStart(published, this.start())) return '';
    if (published.kind === 'manual') return 'Until then it never starts by itself.';
    return this.switch.active()
      ? `Until then it starts ${startInWords(published)}.`
      : `What is published starts ${startInWords(published)}, once switched on.`;
  });
  protected readonly periodic = computed(() => {
    const start = this.start();
    return start.kind === 'periodic' ? start : null;
  });
  protected readonly signals = computed(() => {
    const start = this.start();
    return start.kind === 'signal' ? start : null;
  });
  protected readonly timed = computed(() => this.periodic() ?? this.signals());

  /**
   * Another way to start, in the draft: what is published goes on as it is. What was entered for it
   * before is there again, so that looking around loses nothing.
   */
  protected choose(kind: StartKind): void {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
    this.document.editTrigger(this.editor.lastStart(kind) ?? newStart(kind, zone));
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
    this.document.editTrigger(start);
  }
}
