/** Which connections are allowed, and why the others are not. */

import type { Catalogue } from './catalogue';
import { isTrigger, resolvePort, sectionName } from './catalogue';
import type { PipelineGraph } from './graph';
import { availableSections, outputsOf, reachable, successors } from './topology';
import { nodeName, listInWords } from './words';

export type Refusal = 'self' | 'cycle' | 'duplicate' | 'into_trigger' | 'missing_node';

export interface Connection {
  readonly from: string;
  /** The name of a port, or null for the agent's first one. */
  readonly fromPort: string | null;
  readonly to: string;
}

/** `best`: the target then has all it needs, or gains something it lacked. `fits`: allowed all the same. */
export type Verdict =
  | { readonly ok: true; readonly fit: 'best' | 'fits'; readonly missing: readonly string[] }
  | { readonly ok: false; readonly code: Refusal; readonly reason: string };

/** Judges one connection. `replacing` is an edge that would go away at the same time. */
export function checkConnection(
  graph: PipelineGraph,
  catalogue: Catalogue,
  connection: Connection,
  replacing?: string,
): Verdict {
  const judged = replacing ? withoutEdge(graph, replacing) : graph;
  return new ConnectionJudge(judged, catalogue, connection.from, connection.fromPort).verdict(
    connection.to,
  );
}

/** Judges every node as the target of a connection from one port, for the highlight while dragging. */
export function verdictsFrom(
  graph: PipelineGraph,
  catalogue: Catalogue,
  from: string,
  fromPort: string | null,
): Map<string, Verdict> {
  const judge = new ConnectionJudge(graph, catalogue, from, fromPort);
  return new Map(Object.keys(graph.nodes).map((id) => [id, judge.verdict(id)]));
}

class ConnectionJudge {
  private readonly links;
  private readonly available;
  private readonly offered: ReadonlySet<string>;
  private readonly taken: ReadonlySet<string>;

  constructor(
    private readonly graph: PipelineGraph,
    private readonly catalogue: Catalogue,
    private readonly from: string,
    fromPort: string | null,
  ) {
    this.links = successors(graph);
    this.available = availableSections(graph, catalogue);
    this.offered = new Set([
      ...(this.available.get(from) ?? []),
      ...outputsOf(graph, catalogue, from),
    ]);
    const agent = catalogue.get(graph.nodes[from]?.agentType ?? '');
    const port = resolvePort(fromPort, agent);
    this.taken = new Set(
      Object.values(graph.edges)
        .filter((edge) => edge.from === from && resolvePort(edge.fromPort, agent) === port)
        .map((edge) => edge.to),
    );
  }

  verdict(to: string): Verdict {
    const source = this.graph.nodes[this.from];
    const target = this.graph.nodes[to];
    if (!source || !target) return refuse('missing_node', 'One end of this connection is gone.');
    const sourceName = nodeName(source, this.catalogue);
    const targetName = nodeName(target, this.catalogue);
    if (this.from === to) return refuse('self', `${sourceName} cannot feed itself.`);
    const agent = this.catalogue.get(target.agentType);
    if (isTrigger(agent))
      return refuse(
        'into_trigger',
        `${targetName} is a trigger: it starts a run and takes no input.`,
      );
    if (this.taken.has(to))
      return refuse('duplicate', `${sourceName} already leads to ${targetName}.`);
    if (reachable(this.links, to).has(this.from))
      return refuse(
        'cycle',
        `${targetName} already comes before ${sourceName}; this would make a loop.`,
      );
    return this.fitOf(to, agent?.inputs ?? []);
  }

  private fitOf(to: string, inputs: readonly string[]): Verdict {
    const had = this.available.get(to) ?? new Set<string>();
    const missing = inputs.filter((section) => !had.has(section) && !this.offered.has(section));
    const gains = inputs.some((section) => !had.has(section) && this.offered.has(section));
    return { ok: true, fit: missing.length === 0 || gains ? 'best' : 'fits', missing };
  }
}

/** What a spoken or shown answer says about an allowed connection. */
export function fitInWords(verdict: Verdict): string {
  if (!verdict.ok) return verdict.reason;
  if (!verdict.missing.length) return 'Inputs fit';
  return `Still needs ${listInWords(verdict.missing.map(sectionName))}`;
}

function refuse(code: Refusal, reason: string): Verdict {
  return { ok: false, code, reason };
}

function withoutEdge(graph: PipelineGraph, id: string): PipelineGraph {
  const edges = { ...graph.edges };
  delete edges[id];
  return { ...graph, edges };
}
