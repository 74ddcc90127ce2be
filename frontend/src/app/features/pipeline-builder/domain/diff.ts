/** Which nodes are other in two graphs of a pipeline. */

import { textInOrder, type PipelineGraph } from './graph';

export type NodeChange = 'added' | 'removed' | 'changed' | 'same';

/** What became of every node of either graph. */
export function diffNodes(
  before: PipelineGraph,
  after: PipelineGraph,
): ReadonlyMap<string, NodeChange> {
  const nodes = new Map<string, NodeChange>();
  for (const [id, node] of Object.entries(after.nodes)) {
    const old = before.nodes[id];
    if (!old) nodes.set(id, 'added');
    else nodes.set(id, meaningOfNode(old) === meaningOfNode(node) ? 'same' : 'changed');
  }
  for (const id of Object.keys(before.nodes)) if (!(id in after.nodes)) nodes.set(id, 'removed');
  return nodes;
}

/** What of a node decides what it does: everything but where it is drawn. */
export function meaningOfNode(node: { agentType: string; name: string | null; config: unknown }) {
  return textInOrder([node.agentType, node.name, node.config]);
}
