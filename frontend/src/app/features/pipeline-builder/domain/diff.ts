/** What changed between two versions of a pipeline. */

import type { PipelineGraph } from './graph';
import { count, listInWords } from './words';

export type NodeChange = 'added' | 'removed' | 'changed' | 'same';

export interface GraphDiff {
  /** Every node of either version. */
  readonly nodes: ReadonlyMap<string, NodeChange>;
  readonly edgesAdded: readonly string[];
  readonly edgesRemoved: readonly string[];
}

export function diffGraphs(before: PipelineGraph, after: PipelineGraph): GraphDiff {
  const nodes = new Map<string, NodeChange>();
  for (const [id, node] of Object.entries(after.nodes)) {
    const old = before.nodes[id];
    if (!old) nodes.set(id, 'added');
    else nodes.set(id, meaningOfNode(old) === meaningOfNode(node) ? 'same' : 'changed');
  }
  for (const id of Object.keys(before.nodes)) if (!(id in after.nodes)) nodes.set(id, 'removed');
  return {
    nodes,
    edgesAdded: Object.keys(after.edges).filter((id) => !(id in before.edges)),
    edgesRemoved: Object.keys(before.edges).filter((id) => !(id in after.edges)),
  };
}

/** The difference as a short sentence. */
export function diffInWords(diff: GraphDiff): string {
  const of = (change: NodeChange) => [...diff.nodes.values()].filter((c) => c === change).length;
  const parts = [
    of('added') && `${count(of('added'), 'node')} added`,
    of('removed') && `${count(of('removed'), 'node')} removed`,
    of('changed') && `${count(of('changed'), 'node')} changed`,
    diff.edgesAdded.length && `${count(diff.edgesAdded.length, 'edge')} added`,
    diff.edgesRemoved.length && `${count(diff.edgesRemoved.length, 'edge')} removed`,
  ].filter((part): part is string => !!part);
  return parts.length ? listInWords(parts) : 'Only moved';
}

/** What of a node decides what it does: everything but where it is drawn. */
export function meaningOfNode(node: {
  agentType: string;
  name: string | null;
  config: unknown;
}): string {
  return JSON.stringify([node.agentType, node.name, node.config]);
}
