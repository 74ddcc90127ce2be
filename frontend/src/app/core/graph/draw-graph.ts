import type { AgentOut, Graph, NodeRunOut } from '@core/api';
import type { DrawnEdge, DrawnNode } from '@shared/graph-view/graph-geometry';

/** The nodes of a graph ready to draw; with `runs`, each in its state. */
export function drawnNodes(
  graph: Graph,
  agents: ReadonlyMap<string, AgentOut>,
  runs?: ReadonlyMap<string, NodeRunOut>,
): readonly DrawnNode[] {
  return graph.nodes.map((node) => {
    const agent = agents.get(node.agent_type);
    return {
      id: node.id,
      name: node.name ?? agent?.name ?? node.agent_type,
      icon: agent?.icon ?? 'extension',
      category: agent?.category ?? 'flow',
      position: node.position,
      status: runs?.get(node.id)?.status,
    };
  });
}

/** The edges of a graph; the default port goes without a label. */
export function drawnEdges(graph: Graph): readonly DrawnEdge[] {
  return graph.edges.map(({ from, to, from_port: port }) => ({
    from,
    to,
    label: port && port !== 'out' ? port : null,
  }));
}
