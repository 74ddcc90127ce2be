import { Component, computed, inject } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { MatMenuModule } from '@angular/material/menu';
import { MatTooltip } from '@angular/material/tooltip';
import { Icon } from '@shared/icon';
import { count } from '../domain/words';
import { EditorUi } from '../state/editor-ui';
import { PipelineDocument } from '../state/pipeline-document';
import { ProblemList } from '../state/problem-list';
import { Publication } from '../state/publication';
import { Publisher } from '../state/publisher';
import { Publishing } from './publishing';

interface Look {
  readonly icon: string;
  readonly text: string;
}

/** What is published, what is draft, and the button that makes the one of the other. */
@Component({
  selector: 'k-publish-controls',
  imports: [Icon, MatButton, MatIconButton, MatMenuModule, MatTooltip],
  template: `
    @if (document.facts()) {
      <button
        type="button"
        class="k-filter"
        [class.draft]="publication.differs()"
        [attr.aria-expanded]="ui.versionsOpen()"
        [matTooltip]="tip()"
        [matTooltipDisabled]="ui.versionsOpen()"
        matTooltipClass="k-wide-tip"
        (click)="ui.versionsOpen.set(!ui.versionsOpen())"
      >
        <k-icon [name]="look().icon" [size]="16" />{{ look().text }}
      </button>
      <span class="pair">
        <button
          matButton="outlined"
          type="button"
          class="publish"
          disabledInteractive
          [disabled]="!publication.differs() || publisher.busy()"
          [matTooltip]="hindrance()"
          (click)="publishing.publish()"
        >
          @if (problems.count() && publication.differs()) {
            <k-icon matButtonIcon name="error" />
          }
          {{ publisher.busy() ? 'Publishing' : 'Publish' }}
        </button>
        <button
          matIconButton
          type="button"
          aria-label="Other ways to publish"
          [matMenuTriggerFor]="more"
        >
          <k-icon name="arrow_drop_down" />
        </button>
      </span>
      <mat-menu #more="matMenu" xPosition="before">
        <button
          mat-menu-item
          type="button"
          [disabled]="!publication.differs()"
          (click)="publishing.ask('publish')"
        >
          Publish with name and note
        </button>
        <button mat-menu-item type="button" (click)="ui.versionsOpen.set(true)">Versions</button>
      </mat-menu>
    }
  `,
  styles: `
    :host {
      display: flex;
      flex: none;
      align-items: center;
      gap: 8px;
    }
    .k-filter {
      white-space: nowrap;
    }
    .draft {
      border-color: color-mix(in oklab, var(--k-paused) 60%, transparent);
    }
    .draft k-icon {
      color: var(--k-warning);
    }
    .pair {
      display: flex;
      align-items: center;
    }
    .publish k-icon {
      color: var(--k-failed);
    }
    @media (max-width: 700px) {
      :host {
        flex: 1 0 100%;
        box-sizing: border-box;
        justify-content: space-between;
        min-height: 38px;
        padding: 0 4px 6px;
      }
    }
  `,
})
export class PublishControls {
  protected readonly document = inject(PipelineDocument);
  protected readonly problems = inject(ProblemList);
  protected readonly publication = inject(Publication);
  protected readonly publisher = inject(Publisher);
  protected readonly publishing = inject(Publishing);
  protected readonly ui = inject(EditorUi);

  protected readonly look = computed<Look>(() => {
    const [version, changes] = [this.publication.version(), this.publication.count()];
    if (!version) return { icon: 'unpublished', text: 'Never published' };
    if (changes === 0) return { icon: 'task_alt', text: `Published v${version}` };
    const text = changes === null ? 'Draft' : `Draft: ${count(changes, 'change')}`;
    return { icon: 'edit_note', text };
  });
  protected readonly tip = computed(() => {
    const version = this.publication.version();
    if (!version) return 'Only Run in the editor runs it';
    return this.publication.differs()
      ? `Version ${version} runs until you publish this draft`
      : `Version ${version} is what you see`;
  });
  /** Why the button does not publish. */
  protected readonly hindrance = computed(() => {
    if (!this.publication.differs()) return 'Nothing has changed since it was published';
    const problems = this.problems.count();
    return problems ? `${count(problems, 'problem')} to solve first: press to see` : '';
  });
}
