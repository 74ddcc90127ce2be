import { Component, computed, inject, signal } from '@angular/core';
import { MatTooltip } from '@angular/material/tooltip';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { ErrorState } from '@shared/error-state';
import { Icon } from '@shared/icon';
import { Skeleton } from '@shared/skeleton';
import { DragAgent } from '../canvas/drag-agent';
import { paletteGroups } from '../domain/catalogue';
import { EditorActions } from '../state/editor-actions';
import { EditorUi } from '../state/editor-ui';

const PLACEHOLDERS = [1, 2, 3, 4, 5, 6];

/** Every agent that can be added, by category: drag it, click it, or press Enter on it. */
@Component({
  selector: 'k-palette',
  imports: [DragAgent, ErrorState, Icon, MatTooltip, Skeleton],
  templateUrl: './palette.html',
  styleUrl: './palette.scss',
})
export class Palette {
  private readonly actions = inject(EditorActions);
  private readonly ui = inject(EditorUi);
  protected readonly catalogue = inject(AgentCatalogue);

  protected readonly placeholders = PLACEHOLDERS;
  protected readonly search = signal('');
  protected readonly groups = computed(() => paletteGroups(this.catalogue.agents(), this.search()));

  protected add(agentType: string): void {
    const id = this.actions.addAgent(agentType);
    if (id) this.ui.canvas()?.reveal(id);
    if (window.innerWidth <= 1024) this.ui.paletteOpen.set(false);
  }

  protected addFirst(): void {
    const [agent] = this.groups()[0]?.agents ?? [];
    if (agent && this.search()) this.add(agent.agent_type);
  }

  protected note(): void {
    this.actions.addNote();
  }
}
