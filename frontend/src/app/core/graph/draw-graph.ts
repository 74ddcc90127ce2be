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
      port: runs?.get(node.id)?.port,
    };
  });
}

const OUT = 'out';
const ERROR = 'error';

/** The edges of a graph; where an agent has one way out only, it goes without a label. */
export function drawnEdges(
  graph: Graph,
  agents: ReadonlyMap<string, AgentOut>,
): readonly DrawnEdge[] {
  const types = new Map(graph.nodes.map((node) => [node.id, node.agent_type]));
  return graph.edges.map(({ from, to, from_port }) => {
    const ports = agents.get(types.get(from) ?? '')?.ports ?? [];
    const port = from_port ?? ports[0]?.name ?? OUT;
    const place = ports.findIndex(({ name }) => name === port);
    const rank = port === ERROR ? ports.length : Math.max(0, place);
    return { from, to, port, rank, label: portLabel(port, ports) };
  });
}

/** What a way out is called; null for the only one. */
export function portLabel(port: string, ports: AgentOut['ports']): string | null {
  if (port === ERROR) return 'On error';
  const known = ports.find(({ name }) => name === port);
  if (known) return ports.length > 1 ? known.label : null;
  return port === OUT ? null : port;
}
