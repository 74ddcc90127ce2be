import { NgTemplateOutlet } from '@angular/common';
import { Component, computed, inject } from '@angular/core';
import { MatIconButton } from '@angular/material/button';
import { MatTabsModule } from '@angular/material/tabs';
import { MatTooltip } from '@angular/material/tooltip';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { Icon } from '@shared/icon';
import { Notice } from '@shared/notice';
import { type JsonSchema } from '@shared/schema-form/json-schema';
import { type SchemaFormChange, SchemaForm } from '@shared/schema-form/schema-form';
import { categoryName } from '../domain/catalogue';
import { configure, rename, setPinned } from '../domain/commands';
import { type PipelineNode } from '../domain/graph';
import { startsOf } from '../domain/starts';
import { nodeName } from '../domain/words';
import { EditorActions } from '../state/editor-actions';
import { EditorStore } from '../state/editor-store';
import { EditorUi, type InspectorTab } from '../state/editor-ui';
import { PipelineDocument } from '../state/pipeline-document';
import { ProblemList } from '../state/problem-list';
import { RunFreshness } from '../state/run-freshness';
import { RunStore } from '../state/run-store';
import { TriggerPanel } from '../trigger/trigger-panel';
import { AboutAgent } from './about-agent';
import { NodeConnections } from './node-connections';
import { RunData } from './run-data';
import { RunReasoning } from './run-reasoning';
import { SelectionPanel } from './selection-panel';

const TABS: readonly InspectorTab[] = ['settings', 'input', 'output', 'reasoning', 'about'];

/** Everything about the selected node: settings, what it received, gave and thought, and its agent. */
@Component({
  selector: 'k-inspector',
  imports: [
    AboutAgent,
    Icon,
    MatIconButton,
    MatTabsModule,
    MatTooltip,
    NgTemplateOutlet,
    NodeConnections,
    Notice,
    RunData,
    RunReasoning,
    SchemaForm,
    SelectionPanel,
    TriggerPanel,
  ],
  templateUrl: './inspector.html',
  styleUrl: './inspector.scss',
})
export class Inspector {
  private readonly actions = inject(EditorActions);
  private readonly catalogue = inject(AgentCatalogue);
  private readonly document = inject(PipelineDocument);
  private readonly problemList = inject(ProblemList);
  protected readonly freshness = inject(RunFreshness);
  private readonly runs = inject(RunStore);
  protected readonly store = inject(EditorStore);
  protected readonly ui = inject(EditorUi);

  /** A list of one, so that another node gets parts of its own. */
  protected readonly shown = computed(() => {
    const node = this.store.current();
    return node ? [node] : [];
  });
  protected readonly agent = computed(() =>
    this.catalogue.byType().get(this.store.current()?.agentType ?? ''),
  );
  protected readonly hue = computed(() => `var(--k-cat-${this.agent()?.category ?? 'system'})`);
  protected readonly problems = computed(
    () => this.problemList.byNode().get(this.store.current()?.id ?? '-') ?? [],
  );
  /** What the form shows at its fields: said again above it, it would move what one types into. */
  private readonly fields = computed(
    () => new Set(Object.keys((this.agent()?.config_schema as JsonSchema)?.properties ?? {})),
  );
  protected readonly atFields = computed(
    () => this.problems().filter(({ field }) => field && this.fields().has(field)).length,
  );
  /** What is wrong with the node but with none of its settings; null for nothing. */
  protected readonly atNoField = computed(() => {
    const left = this.problems().filter(({ field }) => !field || !this.fields().has(field));
    return left.length ? left : null;
  });
  /** What is wrong, by setting. */
  protected readonly faults = computed(
    () =>
      Object.fromEntries(
        this.problems().flatMap(({ field, message }) => (field ? [[field, message]] : [])),
      ) as Record<string, string>,
    { equal: (a, b) => JSON.stringify(a) === JSON.stringify(b) },
  );
  protected readonly record = computed(() =>
    this.runs.recordByNode().get(this.store.current()?.id ?? ''),
  );
  protected readonly live = computed(() => this.runs.view()?.nodes[this.store.current()?.id ?? '']);
  /** What the run told of the node is from before a change. */
  protected readonly stale = computed(
    () => this.live() !== undefined && this.freshness.stale().has(this.store.current()?.id ?? ''),
  );
  /** Whether it is the node that starts the pipeline: how, is among its settings. */
  protected readonly isStart = computed(() => {
    const [start] = startsOf(this.store.graph(), this.catalogue.byType());
    return this.document.facts() !== null && start?.id === this.store.current()?.id;
  });
  protected readonly tab = computed(() => TABS.indexOf(this.ui.inspectorTab()));

  protected nameOf(node: PipelineNode): string {
    return nodeName(node, this.catalogue.byType());
  }

  /** The agent behind a name of its own, else what kind of agent it is. */
  protected subtitle(node: PipelineNode): string {
    const agent = this.agent();
    if (!agent) return node.agentType;
    return node.name && node.name !== agent.name ? agent.name : categoryName(agent.category);
  }

  protected showTab(index: number): void {
    this.ui.inspectorTab.set(TABS[index] ?? 'settings');
  }

  protected rename(node: PipelineNode, name: string): void {
    const same = name.trim() === this.nameOf(node);
    if (!same) this.actions.do(rename(node.id, name), 'Renamed');
  }

  /** Leaving the field hands over what is in it; the keyboard goes back to the card. */
  protected leaveName(node: PipelineNode, field: HTMLInputElement): void {
    field.blur();
    this.ui.canvas()?.focus(node.id);
  }

  protected configure(node: PipelineNode, { value }: SchemaFormChange): void {
    this.store.execute(configure(node.id, value));
  }

  protected togglePin(node: PipelineNode): void {
    this.actions.do(setPinned([node.id], !node.pinned));
  }

  protected delete(): void {
    this.actions.deleteSelection();
  }
}
