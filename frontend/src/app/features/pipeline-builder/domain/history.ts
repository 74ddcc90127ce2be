/** Undo and redo: every gesture is one command, every command one step. */

import type { Draft, Patches } from 'mutative';
import { apply, create } from 'mutative';
import type { PipelineGraph } from './graph';
import { sameStart, type Start } from './trigger';

/** One gesture of the user, as a pure change of the graph, of how it starts, or of both. */
export interface Command {
  /** What it did, in words: shown on the undo button and spoken. */
  readonly label: string;
  /** Commands with the same key that follow each other quickly become one step. */
  readonly merge?: string;
  readonly change?: (draft: Draft<PipelineGraph>) => void;
  /** How it starts from then on; without it, as before. */
  readonly start?: Start;
}

interface Step {
  readonly label: string;
  readonly merge: string | undefined;
  readonly at_ms: number;
  readonly forward: Patches;
  readonly backward: Patches;
  /** Ids in their order before it took something away; undo puts them back in it. */
  readonly order: Order | null;
  /** How it started before and after; absent where that stayed. */
  readonly start?: { readonly before: Start; readonly after: Start };
}

type Part = keyof PipelineGraph;
type Order = Readonly<Record<Part, readonly string[]>>;

const PARTS: readonly Part[] = ['nodes', 'edges', 'notes'];

export interface History {
  readonly graph: PipelineGraph;
  readonly start: Start;
  readonly past: readonly Step[];
  readonly future: readonly Step[];
}

export const MERGE_WINDOW_MS = 900;
const MAX_STEPS = 200;

export function startHistory(graph: PipelineGraph, start: Start): History {
  return { graph, start, past: [], future: [] };
}

/** Applies a command. A command that changes nothing leaves the history as it was. */
export function record(history: History, command: Command, now_ms: number): History {
  const [graph, forward, backward] = changed(history.graph, command);
  const { start = history.start } = command;
  const restarts = !sameStart(history.start, start);
  if (!forward.length && !restarts) return history;
  const last = history.past.at(-1);
  const step: Step = {
    label: command.label,
    merge: command.merge,
    at_ms: now_ms,
    forward,
    backward,
    order: takesAway(forward) ? orderOf(history.graph) : null,
    ...(restarts && { start: { before: history.start, after: start } }),
  };
  const now = { graph, start: restarts ? start : history.start, future: [] };
  if (
    last &&
    command.merge &&
    last.merge === command.merge &&
    now_ms - last.at_ms < MERGE_WINDOW_MS
  )
    return { ...now, past: [...history.past.slice(0, -1), joined(last, step)] };
  return { ...now, past: [...history.past, step].slice(-MAX_STEPS) };
}

export function undo(history: History): History {
  const step = history.past.at(-1);
  if (!step) return history;
  return {
    graph: inOrder(patched(history.graph, step.backward), step.order),
    start: step.start?.before ?? history.start,
    past: history.past.slice(0, -1),
    future: [...history.future, step],
  };
}

export function redo(history: History): History {
  const step = history.future.at(-1);
  if (!step) return history;
  return {
    graph: patched(history.graph, step.forward),
    start: step.start?.after ?? history.start,
    past: [...history.past, step],
    future: history.future.slice(0, -1),
  };
}

/** The graph after one command, without any history. */
export function applyCommand(graph: PipelineGraph, command: Command): PipelineGraph {
  return command.change ? create(graph, command.change) : graph;
}

/** How it last started in this way, of what can be taken back; null when it never did. */
export function lastStart(history: History, kind: Start['kind']): Start | null {
  const step = history.past.findLast(({ start }) => start?.before.kind === kind);
  return step?.start?.before ?? null;
}

function changed(graph: PipelineGraph, { change }: Command): [PipelineGraph, Patches, Patches] {
  if (!change) return [graph, [], []];
  const [now, forward, backward] = create(graph, change, { enablePatches: true });
  return [now, forward, backward];
}

/** The very same graph where nothing of it changes: another one would be saved. */
function patched(graph: PipelineGraph, patches: Patches): PipelineGraph {
  return patches.length ? apply(graph, patches) : graph;
}

function joined(first: Step, second: Step): Step {
  const [before, after] = [first.start ?? second.start, second.start ?? first.start];
  return {
    ...second,
    label: first.label,
    forward: [...first.forward, ...second.forward],
    backward: [...second.backward, ...first.backward],
    order: first.order ?? second.order,
    ...(before && after && { start: { before: before.before, after: after.after } }),
  };
}

function takesAway(patches: Patches): boolean {
  return patches.some(({ op }) => op === 'remove');
}

function orderOf(graph: PipelineGraph): Order {
  return {
    nodes: Object.keys(graph.nodes),
    edges: Object.keys(graph.edges),
    notes: Object.keys(graph.notes),
  };
}

/** The same graph with its parts in their old order, so that it is stored as it was. */
function inOrder(graph: PipelineGraph, order: Order | null): PipelineGraph {
  if (!order) return graph;
  const sorted = PARTS.map((part) => {
    const left = new Map<string, unknown>(Object.entries(graph[part]));
    const known = order[part].filter((id) => left.has(id));
    const ids = new Set([...known, ...left.keys()]);
    return [part, Object.fromEntries([...ids].map((id) => [id, left.get(id)]))];
  });
  return Object.fromEntries(sorted) as PipelineGraph;
}
