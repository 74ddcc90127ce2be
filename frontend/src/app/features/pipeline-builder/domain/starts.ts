/** Which node starts a pipeline: its trigger is shown there. */

import type { Catalogue } from './catalogue';
import { isTrigger, START } from './catalogue';
import type { PipelineGraph, PipelineNode } from './graph';

/**
 * What starts the pipeline, which is one node unless something is wrong. Gates that nothing leads to
 * are no starts where there is a Start: a run waits for them.
 */
export function startsOf(graph: PipelineGraph, catalogue: Catalogue): readonly PipelineNode[] {
  const reached = new Set(Object.values(graph.edges).map(({ to }) => to));
  const roots = Object.values(graph.nodes).filter(
    ({ id, agentType }) => !reached.has(id) && isTrigger(catalogue.get(agentType)),
  );
  const starts = roots.filter(({ agentType }) => agentType === START);
  return starts.length ? starts : roots;
}
