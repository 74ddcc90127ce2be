import { Component, computed, inject } from '@angular/core';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import {
  type AgentSpec,
  ERROR_PORT,
  isHidden,
  outputPorts,
  portLabel,
  storedPort,
} from '../domain/catalogue';
import { fitInWords, verdictsFrom } from '../domain/connect';
import { type Point } from '../domain/graph';
import { suggestNext, whyNotOffered } from '../domain/suggest';
import { nodeName } from '../domain/words';
import { EditorActions } from '../state/editor-actions';
import { EditorStore } from '../state/editor-store';
import { EditorUi } from '../state/editor-ui';
import { PickList, type PickItem, type PickOther, type PickPort } from './pick-list';

/** The two lists that a node offers: the agent to add after it, and the node to connect it to. */
@Component({
  selector: 'k-next-menus',
  imports: [PickList],
  template: `
    @if (adding(); as request) {
      <k-pick-list
        heading="Add an agent"
        empty="No agent fits here"
        [at]="request.at"
        [items]="agents()"
        [others]="others()"
        [ports]="ports()"
        [port]="port()"
        (portChange)="usePort($event)"
        (picked)="add($event)"
        (closed)="close()"
      />
    }
    @if (connecting(); as request) {
      <k-pick-list
        heading="Connect to"
        empty="There is nothing this node can lead to"
        [at]="place()"
        [items]="targets()"
        [ports]="ports()"
        [port]="port()"
        (portChange)="usePort($event)"
        (picked)="connect($event)"
        (closed)="close()"
      />
    }
  `,
})
export class NextMenus {
  private readonly store = inject(EditorStore);
  private readonly ui = inject(EditorUi);
  private readonly actions = inject(EditorActions);
  private readonly catalogue = inject(AgentCatalogue);

  protected readonly adding = this.ui.addRequest.asReadonly();
  protected readonly connecting = this.ui.connectRequest.asReadonly();
  private readonly request = computed(() => this.adding() ?? this.connecting());
  private readonly source = computed(() => {
    const id = this.request()?.from;
    return id ? this.store.graph().nodes[id] : undefined;
  });
  private readonly agent = computed<AgentSpec | undefined>(() =>
    this.catalogue.byType().get(this.source()?.agentType ?? ''),
  );

  protected readonly ports = computed<readonly PickPort[]>(() =>
    this.source()
      ? [
          ...outputPorts(this.agent()),
          { name: ERROR_PORT, label: portLabel(ERROR_PORT, this.agent()) },
        ]
      : [],
  );
  protected readonly port = computed(
    () => this.request()?.fromPort ?? outputPorts(this.agent())[0].name,
  );
  protected readonly place = computed<Point>(() => {
    const id = this.connecting()?.from;
    return (id && this.ui.canvas()?.exitOf(id)) || { x: 0, y: 0 };
  });
  protected readonly agents = computed<readonly PickItem[]>(() =>
    suggestNext(
      this.store.graph(),
      this.catalogue.byType(),
      this.adding()?.from ?? null,
      this.port(),
    ).map(({ agent, reason }) => ({
      id: agent.agent_type,
      title: agent.name,
      note: this.source() ? reason : agent.description,
      icon: agent.icon,
      hue: hueOf(agent),
    })),
  );
  /** Agents that there are but that cannot be added here, with why. */
  protected readonly others = computed<readonly PickOther[]>(() => {
    const offered = new Set(this.agents().map(({ id }) => id));
    const [graph, catalogue] = [this.store.graph(), this.catalogue.byType()];
    const from = this.adding()?.from ?? null;
    return [...catalogue.values()]
      .filter((agent) => !isHidden(agent) && !offered.has(agent.agent_type))
      .map((agent) => ({
        title: agent.name,
        reason: whyNotOffered(graph, catalogue, from, agent),
      }));
  });
  protected readonly targets = computed<readonly PickItem[]>(() => {
    const request = this.connecting();
    if (!request) return [];
    const catalogue = this.catalogue.byType();
    const graph = this.store.graph();
    const verdicts = verdictsFrom(graph, catalogue, request.from, this.port());
    return [...verdicts]
      .flatMap(([id, verdict]) => (verdict.ok ? [{ id, verdict }] : []))
      .sort((a, b) => rank(a.verdict.fit) - rank(b.verdict.fit))
      .flatMap(({ id, verdict }) => {
        const node = graph.nodes[id];
        const agent = catalogue.get(node?.agentType ?? '');
        if (!node) return [];
        return {
          id,
          title: nodeName(node, catalogue),
          note: fitInWords(verdict),
          icon: agent?.icon ?? 'help',
          hue: hueOf(agent),
        };
      });
  });

  protected usePort(port: string): void {
    const { addRequest, connectRequest } = this.ui;
    addRequest.update((request) => request && { ...request, fromPort: port });
    connectRequest.update((request) => request && { ...request, fromPort: port });
  }

  protected add(agentType: string): void {
    const request = this.adding();
    const port = this.storedPort();
    this.ui.addRequest.set(null);
    const id = request?.from
      ? this.actions.addAfter(agentType, request.from, port)
      : this.actions.addAgent(agentType);
    if (id) this.ui.canvas()?.focus(id);
  }

  protected connect(to: string): void {
    const request = this.connecting();
    if (!request) return;
    const fromPort = this.storedPort();
    this.ui.connectRequest.set(null);
    this.actions.connect({ from: request.from, fromPort, to });
    this.ui.canvas()?.focus(request.from);
  }

  protected close(): void {
    const from = this.request()?.from;
    this.ui.addRequest.set(null);
    this.ui.connectRequest.set(null);
    if (from) this.ui.canvas()?.focus(from);
  }

  private storedPort(): string | null {
    return storedPort(this.port(), this.agent());
  }
}

function rank(fit: 'best' | 'fits'): number {
  return fit === 'best' ? 0 : 1;
}

function hueOf(agent: AgentSpec | undefined): string {
  return `var(--k-cat-${agent?.category ?? 'system'})`;
}
