import { computed, inject, Service, signal } from '@angular/core';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { triggerLook } from '@core/pipelines/trigger-words';
import { edgeFlow, type EdgeFlow } from '@shared/graph-view/edge-flow';
import { type Bends, routeWires } from '@shared/graph-view/edge-route';
import { type AgentPort, ERROR_PORT, outputPorts, resolvePort } from '../domain/catalogue';
import { portOffset, wiring } from '../domain/geometry';
import { type PipelineEdge } from '../domain/graph';
import { startsOf } from '../domain/starts';
import { EditorStore } from '../state/editor-store';
import { PipelineDocument } from '../state/pipeline-document';
import { RunFreshness } from '../state/run-freshness';
import { RunStore } from '../state/run-store';
import { connectionDomId, inputId, outputId } from './connector-ids';

/** An edge as it is drawn. */
export interface EdgeView {
  readonly domId: string;
  readonly edge: PipelineEdge;
  readonly source: string;
  readonly target: string;
  readonly flow: EdgeFlow;
  /** It is of a graph that has changed since. */
  readonly stale: boolean;
  readonly byError: boolean;
  /** Where it goes around cards. */
  readonly bends: Bends;
}

export interface PortView extends AgentPort {
  readonly top: number;
}

/** Lookups that every card and edge shares, computed once per change instead of once per card. */
@Service({ autoProvided: false })
export class CanvasIndex {
  private readonly document = inject(PipelineDocument);
  private readonly store = inject(EditorStore);
  private readonly catalogue = inject(AgentCatalogue);
  private readonly runs = inject(RunStore);
  private readonly freshness = inject(RunFreshness);

  /** Nodes under way: their edges follow them straight, and find their lanes when they are let go. */
  readonly moving = signal<ReadonlySet<string>>(new Set());

  private readonly wiring = computed(
    () => wiring(this.store.graph(), this.catalogue.byType()),
    // Changes of settings move nothing.
    { equal: (a, b) => JSON.stringify(a) === JSON.stringify(b) },
  );
  private readonly routes = computed(() => routeWires(this.wiring().wires, this.wiring().boxes));

  private readonly ends = computed(() => {
    const agents = this.catalogue.byType();
    const nodes = this.store.graph().nodes;
    return this.store.edges().map((edge) => {
      const port = resolvePort(edge.fromPort, agents.get(nodes[edge.from]?.agentType ?? ''));
      return {
        domId: connectionDomId(edge.id),
        edge,
        port,
        source: outputId(edge.from, port),
        target: inputId(edge.to),
        byError: port === ERROR_PORT,
      };
    });
  });

  readonly edges = computed<readonly EdgeView[]>(() => {
    const runs = this.runs.view()?.nodes;
    const stale = this.freshness.stale();
    const routes = this.routes();
    const moving = this.moving();
    return this.ends().map((end) => ({
      ...end,
      stale: stale.has(end.edge.to),
      bends:
        moving.has(end.edge.from) || moving.has(end.edge.to) ? [] : (routes.get(end.edge.id) ?? []),
      flow: runs ? edgeFlow(runs[end.edge.from], runs[end.edge.to], end.port) : 'idle',
    }));
  });

  readonly edgeByDomId = computed(
    () => new Map(this.ends().map(({ domId, edge }) => [domId, edge])),
  );

  /** What starts the pipeline, one node unless something is wrong, and how it starts. */
  readonly start = computed(
    () => ({
      ids: startsOf(this.store.graph(), this.catalogue.byType()).map(({ id }) => id),
      words: triggerLook(this.document.trigger()).text,
    }),
    { equal: (a, b) => a.ids.join() === b.ids.join() && a.words === b.words },
  );

  /** For every node the ports that an edge leaves by. */
  readonly usedPorts = computed(() => {
    const used = new Map<string, string[]>();
    for (const { edge, port } of this.ends())
      used.set(edge.from, [...(used.get(edge.from) ?? []), port]);
    return used;
  });

  private readonly portsByAgent = computed(() => {
    const views = new Map<string, readonly PortView[]>();
    for (const [type, agent] of this.catalogue.byType())
      views.set(
        type,
        outputPorts(agent).map((port, i) => ({ ...port, top: portOffset(i, agent) })),
      );
    return views;
  });

  /** The ports of an agent with their places on the card. */
  portsOf(agentType: string): readonly PortView[] {
    return (
      this.portsByAgent().get(agentType) ??
      outputPorts(undefined).map((port, i) => ({ ...port, top: portOffset(i, undefined) }))
    );
  }
}
