import { Component, computed, inject } from '@angular/core';
import { type TriggerLook, triggerLook } from '@core/pipelines/trigger-words';
import { Icon } from '@shared/icon';
import { sameStart, type Start } from '../domain/trigger';
import { EditorStore } from '../state/editor-store';
import { EditorUi } from '../state/editor-ui';
import { PipelineDocument } from '../state/pipeline-document';

/** How the pipeline starts, at a glance; opens the settings for it. */
@Component({
  selector: 'k-trigger-button',
  imports: [Icon],
  template: `
    <button type="button" class="k-filter" [class.on]="active()" [title]="title()" (click)="open()">
      <k-icon [name]="look().icon" [size]="16" />
      <span class="word">{{ look().text }}</span>
      @if (active()) {
        <span class="dot"></span><span class="k-sr-only">active</span>
      }
      @if (draft(); as other) {
        <span class="word other k-muted">Draft: {{ other.text }}</span>
      }
    </button>
  `,
  styles: `
    .dot {
      width: 7px;
      height: 7px;
      margin-left: 2px;
      border-radius: 50%;
      background: var(--k-done);
    }
    .on {
      border-color: color-mix(in oklab, var(--k-done) 50%, transparent);
      color: var(--mat-sys-on-surface);
    }
    @media (max-width: 1200px) {
      .other {
        display: none;
      }
    }
    @media (max-width: 700px) {
      .word {
        position: absolute;
        width: 1px;
        height: 1px;
        overflow: hidden;
        clip-path: inset(50%);
      }
    }
  `,
})
export class TriggerButton {
  private readonly document = inject(PipelineDocument);
  private readonly store = inject(EditorStore);
  private readonly ui = inject(EditorUi);

  protected readonly active = computed(() => this.document.facts()?.status === 'active');
  /** While it is active, what is published is what starts it. */
  private readonly published = computed(() =>
    this.active() ? (this.document.facts()?.publishedTrigger ?? null) : null,
  );
  protected readonly look = computed(() => lookOf(this.published() ?? this.document.trigger()));
  /** How the draft starts, where that is not how it starts now. */
  protected readonly draft = computed(() => {
    const [published, draft] = [this.published(), this.document.trigger()];
    return published && !sameStart(published, draft) ? lookOf(draft) : null;
  });
  protected readonly title = computed(() => {
    if (!this.active()) return 'How it starts';
    return this.draft() ? 'It starts by itself; the draft starts otherwise' : 'It starts by itself';
  });

  protected open(): void {
    this.store.select([]);
    this.ui.versionsOpen.set(false);
    this.ui.inspector.set('open');
  }
}

function lookOf(start: Start): TriggerLook {
  return triggerLook(start.kind === 'periodic' ? start : { kind: start.kind });
}
