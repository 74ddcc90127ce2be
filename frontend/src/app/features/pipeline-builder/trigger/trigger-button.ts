import { Component, computed, inject } from '@angular/core';
import { triggerLook } from '@core/pipelines/trigger-words';
import { Icon } from '@shared/icon';
import { EditorStore } from '../state/editor-store';
import { EditorUi } from '../state/editor-ui';
import { PipelineDocument } from '../state/pipeline-document';

/** How the pipeline starts, at a glance; opens the settings for it. */
@Component({
  selector: 'k-trigger-button',
  imports: [Icon],
  template: `
    <button
      type="button"
      class="k-filter"
      [class.on]="active()"
      [title]="active() ? 'It starts by itself' : 'How it starts'"
      (click)="open()"
    >
      <k-icon [name]="look().icon" [size]="16" />
      <span class="word">{{ look().text }}</span>
      @if (active()) {
        <span class="dot"></span><span class="k-sr-only">active</span>
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

  /** What is started by hand never starts by itself, whatever its status was. */
  protected readonly active = computed(
    () => this.document.facts()?.status === 'active' && this.document.trigger().kind !== 'manual',
  );
  protected readonly look = computed(() => {
    const trigger = this.document.trigger();
    return triggerLook(trigger.kind === 'periodic' ? trigger : { kind: trigger.kind });
  });

  protected open(): void {
    this.store.select([]);
    this.ui.versionsOpen.set(false);
    this.ui.inspector.set('open');
  }
}
