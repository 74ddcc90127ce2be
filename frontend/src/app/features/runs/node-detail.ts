import { Component, computed, inject, input, output } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatTabsModule } from '@angular/material/tabs';
import type { NodeRunOut } from '@core/api';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { portLabel } from '@core/graph/draw-graph';
import { CostPipe, CountPipe, DurationPipe } from '@shared/format/format-pipes';
import { Icon } from '@shared/icon';
import { JsonTree } from '@shared/json-tree/json-tree';
import { Markdown } from '@shared/markdown';
import { StatusBadge } from '@shared/status-badge';

const ENGINES = { rules: 'Rule engine', llm: 'Language model' } as const;

/** What one node did in a run: why, what it was given, what it gave, what it cost. */
@Component({
  selector: 'k-node-detail',
  imports: [
    MatButton,
    MatTabsModule,
    Icon,
    JsonTree,
    Markdown,
    StatusBadge,
    CostPipe,
    CountPipe,
    DurationPipe,
  ],
  templateUrl: './node-detail.html',
  styleUrl: './node-detail.scss',
})
export class NodeDetail {
  private readonly catalogue = inject(AgentCatalogue);

  readonly node = input.required<NodeRunOut>();
  /** What can be done about the error of this node, if the run says. */
  readonly remedy = input<string | null>(null);
  /** Whether the run may be started again from here. */
  readonly rerunnable = input(false);
  readonly rerun = output();

  protected readonly agent = computed(() => this.catalogue.byType().get(this.node().agent_type));
  protected readonly engine = computed(() => {
    const engine = this.node().engine;
    return engine ? ENGINES[engine] : null;
  });
  /** What stands in place of reasoning that is not there. */
  protected readonly silence = computed(() => {
    switch (this.node().status) {
      case 'succeeded':
        return 'This node follows its settings and gives no reasons.';
      case 'failed':
        return 'This node failed before it could give reasons.';
      case 'skipped':
        return this.node().error
          ? `A trigger was not met, and nothing behind it acts. ${this.node().error}`
          : 'The run went another way, so this node did nothing.';
      default:
        return 'Nothing yet.';
    }
  });
  /** The way out that it took, if it has several. */
  protected readonly port = computed(() => {
    const { port, status } = this.node();
    if (status === 'failed') return null;
    return port ? portLabel(port, this.agent()?.ports ?? []) : null;
  });
}
