/** Copied nodes as text, so that they can travel between pipelines and windows. */

import type { PipelineEdge, PipelineGraph, Point } from './graph';
import { edgeId } from './graph';

const FORMAT = 'kuber.nodes/1';

/** The chosen nodes and notes with the edges among them. */
export function partsOf(graph: PipelineGraph, ids: ReadonlySet<string>): PipelineGraph {
  const pick = <T extends { id: string }>(items: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(items).filter(([id]) => ids.has(id)));
  const edges = Object.entries(graph.edges).filter(
    ([, edge]) => ids.has(edge.from) && ids.has(edge.to),
  );
  return { nodes: pick(graph.nodes), edges: Object.fromEntries(edges), notes: pick(graph.notes) };
}

export function isEmpty(parts: PipelineGraph): boolean {
  return !Object.keys(parts.nodes).length && !Object.keys(parts.notes).length;
}

export function toText(parts: PipelineGraph): string {
  return JSON.stringify({ format: FORMAT, ...parts });
}

/** Reads copied text; null when it is something else. */
export function fromText(text: string): PipelineGraph | null {
  try {
    const value = JSON.parse(text) as { format?: unknown } & PipelineGraph;
    if (value?.format !== FORMAT || !isGraph(value)) return null;
    return { nodes: value.nodes, edges: value.edges, notes: value.notes };
  } catch {
    return null;
  }
}

function isGraph(value: PipelineGraph): boolean {
  const nodes = Object.values(value.nodes ?? {});
  return (
    nodes.every(
      (node) =>
        typeof node.agentType === 'string' &&
        typeof node.config === 'object' &&
        Number.isFinite(node.position?.x) &&
        Number.isFinite(node.position?.y),
    ) &&
    typeof value.edges === 'object' &&
    typeof value.notes === 'object'
  );
}

/** The same parts with new ids, moved by an offset. */
export function withNewIds(
  parts: PipelineGraph,
  mint: (prefix: string) => string,
  by: Point,
): PipelineGraph {
  const moved = (point: Point): Point => ({ x: point.x + by.x, y: point.y + by.y });
  const ids = new Map<string, string>();
  const copy = <T extends { id: string; position: Point }>(
    items: Readonly<Record<string, T>>,
    prefix: (item: T) => string,
  ): Record<string, T> => {
    const result: Record<string, T> = {};
    for (const [oldId, item] of Object.entries(items)) {
      const id = mint(prefix(item));
      ids.set(oldId, id);
      result[id] = { ...structuredClone(item), id, position: moved(item.position) };
    }
    return result;
  };
  const nodes = copy(parts.nodes, (node) => node.agentType);
  const notes = copy(parts.notes, () => 'note');
  const edges: Record<string, PipelineEdge> = {};
  for (const edge of Object.values(parts.edges)) {
    const from = ids.get(edge.from);
    const to = ids.get(edge.to);
    if (!from || !to) continue;
    const id = edgeId(from, edge.fromPort, to);
    edges[id] = { id, from, fromPort: edge.fromPort, to };
  }
  return { nodes, edges, notes };
}

/** The top left corner of some parts. */
export function originOf(parts: PipelineGraph): Point {
  const points = [...Object.values(parts.nodes), ...Object.values(parts.notes)].map(
    (item) => item.position,
  );
  return {
    x: Math.min(...points.map((point) => point.x)),
    y: Math.min(...points.map((point) => point.y)),
  };
}
