/** The server's validation rules, mirrored for an answer while the user is still looking. The server decides. */

import type { Catalogue } from './catalogue';
import { isTrigger, sectionName, START } from './catalogue';
import type { PipelineGraph, PipelineNode } from './graph';
import { faultsOf } from './schema';
import { startsOf } from './starts';
import { availableSections, cyclicNodes, isCyclic, reachable, successors } from './topology';
import { nodeName } from './words';

export type ProblemCode =
  | 'cycle'
  | 'dangling_edge'
  | 'unknown_agent'
  | 'bad_config'
  | 'missing_input'
  | 'unreachable'
  | 'no_trigger'
  | 'two_starts'
  | 'duplicate_node';

export interface Problem {
  readonly code: string;
  readonly node_id?: string | null;
  readonly field?: string | null;
  readonly message: string;
  readonly remedy: string;
}

/** All problems of a graph, by node in the order they were added. */
export function validate(graph: PipelineGraph, catalogue: Catalogue): Problem[] {
  const nodes = Object.values(graph.nodes);
  const triggers = nodes.filter((node) => isTrigger(catalogue.get(node.agentType)));
  const problems: Problem[] = [];
  if (!triggers.length)
    problems.push({
      code: 'no_trigger',
      message: nodes.length ? 'The pipeline has no trigger.' : 'The pipeline is empty.',
      remedy: 'Add a trigger: it decides when a run starts.',
    });
  problems.push(...startProblems(graph, catalogue));
  if (isCyclic(graph)) problems.push(...cycleProblems(graph, catalogue));
  const reached = reachedFrom(graph, triggers);
  const available = availableSections(graph, catalogue);
  for (const node of nodes) {
    problems.push(...configProblems(node, catalogue));
    if (triggers.length && !reached.has(node.id))
      problems.push({
        code: 'unreachable',
        node_id: node.id,
        message: `${nodeName(node, catalogue)} is not reached from any trigger.`,
        remedy: 'Connect it to a node that runs, or delete it.',
      });
    else problems.push(...inputProblems(node, catalogue, available.get(node.id) ?? new Set()));
  }
  return problems;
}

/** Problems by the node they belong to; those of the whole pipeline are under the empty id. */
export function byNode(problems: readonly Problem[]): Map<string, Problem[]> {
  const result = new Map<string, Problem[]>();
  for (const problem of problems) {
    const id = problem.node_id ?? '';
    result.set(id, [...(result.get(id) ?? []), problem]);
  }
  return result;
}

function startProblems(graph: PipelineGraph, catalogue: Catalogue): Problem[] {
  const [first, ...others] = startsOf(graph, catalogue);
  if (!first) return [];
  return others.map((node) => ({
    code: 'two_starts',
    node_id: node.id,
    message: `${nodeName(first, catalogue)} and ${nodeName(node, catalogue)} both start the pipeline: one node does.`,
    remedy:
      node.agentType === START
        ? 'Keep one of them, and let it lead to what the other one led to.'
        : 'Add Start beside them: then both are waited for.',
  }));
}

function reachedFrom(graph: PipelineGraph, triggers: readonly PipelineNode[]): Set<string> {
  const links = successors(graph);
  const reached = new Set<string>();
  for (const trigger of triggers) for (const id of reachable(links, trigger.id)) reached.add(id);
  return reached;
}

function cycleProblems(graph: PipelineGraph, catalogue: Catalogue): Problem[] {
  const looped = cyclicNodes(graph);
  return Object.values(graph.nodes)
    .filter((node) => looped.has(node.id))
    .map((node) => ({
      code: 'cycle',
      node_id: node.id,
      message: `${nodeName(node, catalogue)} is part of a loop.`,
      remedy: 'Remove one of the edges that lead back.',
    }));
}

function configProblems(node: PipelineNode, catalogue: Catalogue): Problem[] {
  const agent = catalogue.get(node.agentType);
  if (!agent)
    return [
      {
        code: 'unknown_agent',
        node_id: node.id,
        message: `The agent ${node.agentType} is not installed.`,
        remedy: 'Install the package that brings it, or replace this node.',
      },
    ];
  return faultsOf(node.config, agent.config_schema, agent.config_schema).map((fault) => ({
    code: 'bad_config',
    node_id: node.id,
    field: fault.field,
    message: `${nodeName(node, catalogue)}: ${fault.message}.`,
    remedy: 'Correct the setting.',
  }));
}

function inputProblems(
  node: PipelineNode,
  catalogue: Catalogue,
  available: ReadonlySet<string>,
): Problem[] {
  const inputs = catalogue.get(node.agentType)?.inputs ?? [];
  return inputs
    .filter((section) => !available.has(section))
    .map((section) => ({
      code: 'missing_input',
      node_id: node.id,
      message: `${nodeName(node, catalogue)} needs ${sectionName(section)}, which nothing before it produces.`,
      remedy: producers(section, catalogue),
    }));
}

function producers(section: string, catalogue: Catalogue): string {
  const names = [...catalogue.values()]
    .filter((agent) => agent.outputs.includes(section) && agent.category !== 'system')
    .map((agent) => agent.name);
  return names.length
    ? `Add ${names.slice(0, 3).join(' or ')} before it.`
    : 'Add an agent that produces it.';
}
