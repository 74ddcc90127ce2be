/** What to offer when a user asks for the next node. */

import type { AgentSpec, Catalogue } from './catalogue';
import { categoryRank, ERROR_PORT, isHidden, isTrigger, sectionName } from './catalogue';
import type { PipelineGraph } from './graph';
import { availableSections, outputsOf } from './topology';
import { listInWords } from './words';

export interface Suggestion {
  readonly agent: AgentSpec;
  readonly score: number;
  /** Why it is offered, in a few words. */
  readonly reason: string;
}

const USES_FRESH_OUTPUT = 8;
const ADDS_SOMETHING_NEW = 4;
const NEXT_CATEGORY = 2;
const ALREADY_IN_PIPELINE = -6;

/**
 * Agents that can follow a port, best first: all their inputs are produced by then.
 * With no node to follow, triggers; all agents once there is one.
 */
export function suggestNext(
  graph: PipelineGraph,
  catalogue: Catalogue,
  from: string | null,
  fromPort: string | null = null,
): Suggestion[] {
  const agents = [...catalogue.values()].filter((agent) => !isHidden(agent));
  if (from === null || !graph.nodes[from]) {
    const started = isStarted(graph, catalogue);
    return agents
      .filter((agent) => started || isTrigger(agent))
      .map((agent) => ({ agent, score: started && isTrigger(agent) ? -1 : 0, reason: '' }))
      .sort(byScoreThenName);
  }
  const fresh = fromPort === ERROR_PORT ? [] : outputsOf(graph, catalogue, from);
  const context: Context = {
    offered: sectionsAfter(graph, catalogue, from),
    fresh: new Set(fresh),
    used: new Set(Object.values(graph.nodes).map((node) => node.agentType)),
    rank: categoryRank(catalogue.get(graph.nodes[from].agentType)?.category ?? ''),
  };
  return agents
    .filter((agent) => !isTrigger(agent) && agent.inputs.every((name) => context.offered.has(name)))
    .map((agent) => ({ agent, score: scoreOf(agent, context), reason: reasonOf(agent, context) }))
    .sort(byScoreThenName);
}

/** Why an agent that there is cannot be added here, in a sentence. */
export function whyNotOffered(
  graph: PipelineGraph,
  catalogue: Catalogue,
  from: string | null,
  agent: AgentSpec,
): string {
  if (from === null || !graph.nodes[from])
    return `A pipeline starts with a trigger: add one, then ${agent.name} after it.`;
  if (isTrigger(agent)) return `${agent.name} is a trigger: it comes after no other node.`;
  const there = sectionsAfter(graph, catalogue, from);
  const missing = agent.inputs.filter((name) => !there.has(name)).map(sectionName);
  return `${agent.name} does not fit here: it needs ${listInWords(missing)} first.`;
}

function isStarted(graph: PipelineGraph, catalogue: Catalogue): boolean {
  return Object.values(graph.nodes).some((node) => isTrigger(catalogue.get(node.agentType)));
}

/** What there is behind a node. */
function sectionsAfter(
  graph: PipelineGraph,
  catalogue: Catalogue,
  from: string,
): ReadonlySet<string> {
  return new Set([
    ...(availableSections(graph, catalogue).get(from) ?? []),
    ...outputsOf(graph, catalogue, from),
  ]);
}

interface Context {
  readonly offered: ReadonlySet<string>;
  readonly fresh: ReadonlySet<string>;
  readonly used: ReadonlySet<string>;
  readonly rank: number;
}

function scoreOf(agent: AgentSpec, { offered, fresh, used, rank }: Context): number {
  const gap = categoryRank(agent.category) - rank;
  let score = 0;
  if (agent.inputs.some((name) => fresh.has(name))) score += USES_FRESH_OUTPUT;
  if (agent.outputs.some((name) => !offered.has(name))) score += ADDS_SOMETHING_NEW;
  if (gap === 0 || gap === 1) score += NEXT_CATEGORY;
  if (used.has(agent.agent_type)) score += ALREADY_IN_PIPELINE;
  return score - Math.max(0, gap - 1);
}

function reasonOf(agent: AgentSpec, { fresh }: Context): string {
  const uses = agent.inputs.filter((name) => fresh.has(name));
  if (uses.length) return `Uses ${listInWords(uses.map(sectionName))}`;
  if (agent.outputs.length) return `Gives ${listInWords(agent.outputs.map(sectionName))}`;
  return agent.inputs.length ? 'Inputs fit' : 'Fits anywhere';
}

function byScoreThenName(a: Suggestion, b: Suggestion): number {
  return (
    b.score - a.score ||
    categoryRank(a.agent.category) - categoryRank(b.agent.category) ||
    a.agent.name.localeCompare(b.agent.name)
  );
}
