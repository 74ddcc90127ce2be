import { Component, computed, inject } from '@angular/core';
import { MatSlideToggle } from '@angular/material/slide-toggle';
import { pollWhileVisible } from '@core/http/poll';
import { ErrorState } from '@shared/error-state';
import { Time } from '@shared/time';
import { startGap } from '../domain/trigger';
import { count } from '../domain/words';
import { Publishing } from '../publish/publishing';
import { EditorApi } from '../state/editor-api';
import { PipelineDocument } from '../state/pipeline-document';
import { ProblemList } from '../state/problem-list';
import { Publication } from '../state/publication';
import { StartSwitch } from '../state/start-switch';

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
        [disabled]="start.busy() || (!active() && gap() !== '')"
        (change)="publishing.turn($event.checked); toggle.checked = active()"
      >
        <b>{{ active() ? 'Active' : 'Switched off' }}</b>
      </mat-slide-toggle>
      <p class="k-muted">
        @if (!active()) {
          {{ gap() || invitation() }}
        } @else if (underWay()) {
          Starts again when its run has ended.
        } @else if (facts()?.nextRunAt) {
          Next run <k-time [at]="facts()?.nextRunAt" />
        } @else if (signals()) {
          Waits for signals.
        }
      </p>
      @if (active() && publication.differs()) {
        <p class="k-muted">Runs version {{ publication.version() }}, not this draft.</p>
      }
      @if (facts()?.lastSkip; as skip) {
        <p class="skip">
          <k-time show="ago" [at]="skip.at" class="k-muted" /> {{ skip.detail || skip.reason }}
        </p>
      }
    </div>
    @if (start.problem(); as error) {
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
  private readonly document = inject(PipelineDocument);
  private readonly problems = inject(ProblemList);
  protected readonly publication = inject(Publication);
  protected readonly publishing = inject(Publishing);
  protected readonly start = inject(StartSwitch);

  protected readonly facts = this.document.facts;
  protected readonly active = this.start.active;
  /** What starts it now: as it was published, which the draft may not be. */
  protected readonly signals = computed(() => this.facts()?.publishedTrigger?.kind === 'signal');
  /** A continuous pipeline that could start already waits for its own run. */
  protected readonly underWay = computed(() => {
    const facts = this.facts();
    const published = facts?.publishedTrigger;
    if (!facts?.nextRunAt || published?.kind !== 'periodic' || !published.continuous) return false;
    return Date.parse(facts.nextRunAt) <= Date.now();
  });
  protected readonly invitation = computed(() => {
    if (!this.publication.differs()) return 'Switch it on, and it starts by itself.';
    const problems = this.problems.count();
    return problems
      ? `The draft has ${count(problems, 'problem')}: it cannot be published as it is.`
      : 'Switch it on, and it is published and starts by itself.';
  });
  protected readonly gap = computed(() => startGap(this.document.trigger()));

  constructor() {
    pollWhileVisible(EVERY_MS, () => this.look());
  }

  /** Brings next run and last skip up to date, unless somebody else changed the pipeline. */
  private async look(): Promise<void> {
    const facts = this.facts();
    if (!facts || !this.active() || this.start.busy()) return;
    const latest = await this.api.load(facts.id);
    if (latest.revision === this.facts()?.revision) this.document.adopt(latest);
  }
}
