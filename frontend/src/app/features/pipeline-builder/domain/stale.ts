/** Which results of a run no longer belong to the graph on the canvas. */

import { type PipelineGraph, type PipelineNode, sameValue } from './graph';
import { reachable, successors } from './topology';

/**
 * The nodes that would work on other terms than they did in the run: those that were added, set up or
 * connected differently since, and all behind them. Names and places do not count.
 */
export function staleNodes(ran: PipelineGraph, now: PipelineGraph): ReadonlySet<string> {
  if (ran === now) return new Set();
  const [before, after] = [waysIn(ran), waysIn(now)];
  const links = successors(now);
  const stale = new Set<string>();
  for (const node of Object.values(now.nodes)) {
    if (stale.has(node.id)) continue;
    const same = sameWork(ran.nodes[node.id], node) && before.get(node.id) === after.get(node.id);
    if (!same) for (const id of reachable(links, node.id)) stale.add(id);
  }
  return stale;
}

/** Whether the run was of another graph, be it only that something is gone. */
export function isStale(ran: PipelineGraph, now: PipelineGraph): boolean {
  if (ran === now) return false;
  return staleNodes(ran, now).size > 0 || Object.keys(ran.nodes).some((id) => !(id in now.nodes));
}

function sameWork(before: PipelineNode | undefined, after: PipelineNode): boolean {
  if (!before || before.agentType !== after.agentType) return false;
  return sameValue(before.config, after.config);
}

/** For every node the edges into it, as one text. */
function waysIn(graph: PipelineGraph): ReadonlyMap<string, string> {
  const ways = new Map<string, string>();
  for (const { to, id } of Object.values(graph.edges).sort((a, b) => (a.id < b.id ? -1 : 1)))
    ways.set(to, `${ways.get(to) ?? ''} ${id}`);
  return ways;
}
