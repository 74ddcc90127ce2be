/** Questions about the shape of a graph. */

import type { Catalogue } from './catalogue';
import type { PipelineGraph } from './graph';

export type Adjacency = ReadonlyMap<string, readonly string[]>;

/** For every node the nodes that its edges lead to. */
export function successors(graph: PipelineGraph): Adjacency {
  return adjacency(graph, (edge) => [edge.from, edge.to]);
}

/** For every node the nodes whose edges lead to it. */
export function predecessors(graph: PipelineGraph): Adjacency {
  return adjacency(graph, (edge) => [edge.to, edge.from]);
}

function adjacency(
  graph: PipelineGraph,
  ends: (edge: { from: string; to: string }) => [string, string],
): Adjacency {
  const result = new Map<string, string[]>();
  for (const edge of Object.values(graph.edges)) {
    const [key, value] = ends(edge);
    const list = result.get(key);
    if (list) list.push(value);
    else result.set(key, [value]);
  }
  return result;
}

/** Every node that can be reached from the given one, itself included. */
export function reachable(links: Adjacency, start: string): Set<string> {
  const seen = new Set([start]);
  const queue = [start];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const next of links.get(id) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  return seen;
}

/** Node ids so that each comes after all that lead to it; ids on a cycle come last. */
export function topologicalOrder(graph: PipelineGraph): string[] {
  const links = successors(graph);
  const waiting = new Map<string, number>(Object.keys(graph.nodes).map((id) => [id, 0]));
  for (const edge of Object.values(graph.edges))
    waiting.set(edge.to, (waiting.get(edge.to) ?? 0) + 1);
  const ready = [...waiting].filter(([, count]) => count === 0).map(([id]) => id);
  const order: string[] = [];
  for (const id of ready) {
    order.push(id);
    for (const next of links.get(id) ?? []) {
      const left = (waiting.get(next) ?? 0) - 1;
      waiting.set(next, left);
      if (left === 0) ready.push(next);
    }
  }
  const done = new Set(order);
  return [...order, ...Object.keys(graph.nodes).filter((id) => !done.has(id))];
}

/** The ids of nodes that lie on some cycle. */
export function cyclicNodes(graph: PipelineGraph): Set<string> {
  const links = successors(graph);
  const onCycle = new Set<string>();
  for (const id of Object.keys(graph.nodes)) {
    const next = links.get(id) ?? [];
    if (next.some((target) => reachable(links, target).has(id))) onCycle.add(id);
  }
  return onCycle;
}

/** Whether the graph has a cycle at all; cheaper than naming its nodes. */
export function isCyclic(graph: PipelineGraph): boolean {
  const links = successors(graph);
  const order = topologicalOrder(graph);
  const place = new Map(order.map((id, index) => [id, index]));
  return order.some((id) =>
    (links.get(id) ?? []).some((next) => (place.get(next) ?? 0) <= (place.get(id) ?? 0)),
  );
}

/** For every node the sections that nodes upstream of it produce. */
export function availableSections(
  graph: PipelineGraph,
  catalogue: Catalogue,
): Map<string, ReadonlySet<string>> {
  const before = predecessors(graph);
  const available = new Map<string, Set<string>>();
  for (const id of topologicalOrder(graph)) {
    const sections = new Set<string>();
    for (const parent of before.get(id) ?? []) {
      for (const section of available.get(parent) ?? []) sections.add(section);
      for (const section of outputsOf(graph, catalogue, parent)) sections.add(section);
    }
    available.set(id, sections);
  }
  return available;
}

/** The sections that one node writes. */
export function outputsOf(
  graph: PipelineGraph,
  catalogue: Catalogue,
  id: string,
): readonly string[] {
  return catalogue.get(graph.nodes[id]?.agentType ?? '')?.outputs ?? [];
}
