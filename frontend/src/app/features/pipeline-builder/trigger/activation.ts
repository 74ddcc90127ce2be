import { Component, computed, inject, signal } from '@angular/core';
import { MatSlideToggle } from '@angular/material/slide-toggle';
import { pollWhileVisible } from '@core/http/poll';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { ErrorState } from '@shared/error-state';
import { Time } from '@shared/time';
import { startGap } from '../domain/trigger';
import { Autosave } from '../state/autosave';
import { EditorApi } from '../state/editor-api';
import { PipelineDocument } from '../state/pipeline-document';

const EVERY_MS = 10_000;

/** Whether the pipeline starts by itself now, when next, and why it did not the last time. */
@Component({
  selector: 'k-activation',
  imports: [MatSlideToggle, ErrorState, Time],
  template: `
    <div class="box" [class.on]="active()">
      <mat-slide-toggle
        hideIcon
        #toggle
        [checked]="active()"
        [disabled]="busy() || (!active() && gap() !== '')"
        (change)="switch($event.checked); toggle.checked = active()"
      >
        <b>{{ active() ? 'Active' : 'Switched off' }}</b>
      </mat-slide-toggle>
      <p class="k-muted">
        @if (gap()) {
          {{ gap() }}
        } @else if (!active()) {
          Switch it on, and it starts by itself.
        } @else if (facts()?.nextRunAt) {
          Next run <k-time [at]="facts()?.nextRunAt" />
        } @else if (signals()) {
          Waits for signals.
        }
      </p>
      @if (facts()?.lastSkip; as skip) {
        <p class="skip">
          <k-time show="ago" [at]="skip.at" class="k-muted" /> {{ skip.detail || skip.reason }}
        </p>
      }
    </div>
    @if (problem(); as error) {
      <k-error-state [error]="error" [retryable]="false" />
    }
  `,
  styles: `
    :host {
      display: grid;
      gap: 8px;
    }
    .box {
      padding: 10px 12px;
      border: 1px solid var(--mat-sys-outline-variant);
      border-radius: 8px;
    }
    .on {
      border-color: color-mix(in oklab, var(--k-done) 50%, transparent);
    }
    b {
      font-weight: 500;
    }
    p {
      margin-top: 4px;
    }
  `,
})
export class Activation {
  private readonly api = inject(EditorApi);
  private readonly autosave = inject(Autosave);
  private readonly document = inject(PipelineDocument);

  protected readonly facts = this.document.facts;
  protected readonly active = computed(() => this.facts()?.status === 'active');
  protected readonly signals = computed(() => this.document.trigger().kind === 'signal');
  protected readonly gap = computed(() => startGap(this.document.trigger()));
  protected readonly busy = signal(false);
  protected readonly problem = signal<ProblemError | null>(null);

  constructor() {
    pollWhileVisible(EVERY_MS, () => this.look());
  }

  /** What is on the screen is saved first: that, and nothing older, is switched on. */
  protected async switch(on: boolean): Promise<void> {
    const facts = this.facts();
    if (!facts || this.busy()) return;
    this.busy.set(true);
    this.problem.set(null);
    try {
      if (!(await this.autosave.flush())) return;
      const act = on ? this.api.activate(facts.id) : this.api.deactivate(facts.id);
      this.document.adopt(await act);
    } catch (error) {
      this.problem.set(toProblemError(error));
    } finally {
      this.busy.set(false);
    }
  }

  /** Brings next run and last skip up to date, unless somebody else changed the pipeline. */
  private async look(): Promise<void> {
    const facts = this.facts();
    if (!facts || !this.active() || this.busy()) return;
    const latest = await this.api.load(facts.id);
    if (latest.revision === this.facts()?.revision) this.document.adopt(latest);
  }
}
