import { Component, computed, inject, input, output } from '@angular/core';
import { MatIconButton } from '@angular/material/button';
import { MatMenuModule } from '@angular/material/menu';
import { MatTooltip } from '@angular/material/tooltip';
import { Icon } from '@shared/icon';
import { PublishControls } from '../publish/publish-controls';
import { EditorActions } from '../state/editor-actions';
import { EditorStore } from '../state/editor-store';
import { EditorUi } from '../state/editor-ui';
import { PipelineDocument } from '../state/pipeline-document';
import { TriggerButton } from '../trigger/trigger-button';
import { SaveStateLabel } from './save-state';
import { StaleBar } from './stale-bar';

/** The editor's own bar: the pipeline's name, whether it is saved, and what can be done to all of it. */
@Component({
  selector: 'k-editor-header',
  imports: [
    Icon,
    MatIconButton,
    MatMenuModule,
    MatTooltip,
    PublishControls,
    SaveStateLabel,
    StaleBar,
    TriggerButton,
  ],
  templateUrl: './editor-header.html',
  styleUrl: './editor-header.scss',
})
export class EditorHeader {
  protected readonly store = inject(EditorStore);
  protected readonly ui = inject(EditorUi);
  protected readonly actions = inject(EditorActions);
  protected readonly document = inject(PipelineDocument);

  readonly inspecting = input.required<boolean>();
  /** While a new pipeline is made of this one. */
  readonly savingAsNew = input(false);
  readonly exported = output();
  readonly cloned = output();
  readonly savedAsNew = output();
  readonly helped = output();

  protected readonly undoTip = computed(() => tip('Undo', this.store.undoLabel()));
  protected readonly redoTip = computed(() => tip('Redo', this.store.redoLabel()));

  protected rename(field: HTMLInputElement): void {
    const name = field.value.trim();
    if (name) this.document.rename(name);
    else field.value = this.document.name();
  }

  protected toggleVersions(): void {
    this.ui.versionsOpen.update((open) => !open);
  }

  protected togglePalette(): void {
    this.ui.paletteOpen.update((open) => !open);
  }

  protected toggleInspector(): void {
    this.ui.inspector.set(this.inspecting() ? 'closed' : 'open');
  }
}

function tip(verb: string, what: string): string {
  return what ? `${verb}: ${what}` : verb;
}
