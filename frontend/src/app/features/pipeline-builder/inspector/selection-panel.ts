import { Component, computed, inject } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { MatTooltip } from '@angular/material/tooltip';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { Icon } from '@shared/icon';
import { type Alignment } from '../domain/align';
import { edgeInWords } from '../domain/commands';
import { count } from '../domain/words';
import { ClipboardActions } from '../state/clipboard-actions';
import { EditorActions } from '../state/editor-actions';
import { EditorStore } from '../state/editor-store';
import { EditorUi } from '../state/editor-ui';
import { PipelineDocument } from '../state/pipeline-document';
import { ProblemList } from '../state/problem-list';
import { TriggerPanel } from '../trigger/trigger-panel';

interface AlignButton {
  readonly to: Alignment;
  readonly icon: string;
  readonly label: string;
}

const ALIGN_BUTTONS: readonly AlignButton[] = [
  { to: 'left', icon: 'align_horizontal_left', label: 'Align left' },
  { to: 'center', icon: 'align_horizontal_center', label: 'Align centres' },
  { to: 'right', icon: 'align_horizontal_right', label: 'Align right' },
  { to: 'top', icon: 'align_vertical_top', label: 'Align top' },
  { to: 'middle', icon: 'align_vertical_center', label: 'Align middles' },
  { to: 'bottom', icon: 'align_vertical_bottom', label: 'Align bottom' },
];

/** The inspector when no single node is selected: several things, an edge, or the whole pipeline. */
@Component({
  selector: 'k-selection-panel',
  imports: [Icon, MatButton, MatIconButton, MatTooltip, TriggerPanel],
  templateUrl: './selection-panel.html',
  styleUrl: './selection-panel.scss',
})
export class SelectionPanel {
  private readonly catalogue = inject(AgentCatalogue);
  private readonly clipboard = inject(ClipboardActions);
  private readonly problemList = inject(ProblemList);
  protected readonly document = inject(PipelineDocument);
  protected readonly store = inject(EditorStore);
  protected readonly actions = inject(EditorActions);
  protected readonly ui = inject(EditorUi);

  protected readonly alignButtons = ALIGN_BUTTONS;
  protected readonly problems = this.problemList.all;
  protected readonly several = computed(() => this.store.selectedItems().length > 1);
  protected readonly title = computed(() => {
    const chosen = this.store.selection().length;
    if (chosen) return this.edge() ? 'Connection' : `${count(chosen, 'item')} selected`;
    return 'Pipeline';
  });
  protected readonly edge = computed(() => {
    const [id, ...others] = this.store.selection();
    const edge = id !== undefined && !others.length ? this.store.graph().edges[id] : undefined;
    return edge ? edgeInWords(edge, this.store.graph(), this.catalogue.byType()) : '';
  });
  protected readonly contents = computed(() => {
    const nodes = count(this.store.nodes().length, 'node');
    return `${nodes}, ${count(this.store.edges().length, 'connection')}`;
  });

  protected duplicate(): void {
    this.clipboard.duplicate();
  }

  protected show(nodeId: string | null | undefined): void {
    if (!nodeId) return;
    this.store.select([nodeId]);
    this.ui.canvas()?.reveal(nodeId);
  }
}
