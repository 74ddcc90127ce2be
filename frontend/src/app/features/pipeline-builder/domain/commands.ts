/** Everything a user can do to a pipeline, each as one command made from plain values. */

import type { AgentSpec, Catalogue } from './catalogue';
import { outputPorts, portLabel, storedPort } from './catalogue';
import type { Connection } from './connect';
import type { Config, Note, PipelineEdge, PipelineGraph, PipelineNode, Point, Size } from './graph';
import { edgeId, sameValue, snap } from './graph';
import type { Command } from './history';
import type { Start } from './trigger';
import { count, nodeName } from './words';

export interface Moved {
  readonly id: string;
  readonly position: Point;
}

/** A node for an agent, named so that two of a kind can be told apart. */
export function newNode(
  id: string,
  agent: AgentSpec,
  position: Point,
  graph: PipelineGraph,
): PipelineNode {
  return {
    id,
    agentType: agent.agent_type,
    name: distinctName(agent, graph),
    config: {},
    position: snap(position),
    pinned: false,
  };
}

function distinctName(agent: AgentSpec, graph: PipelineGraph): string | null {
  const taken = new Set(
    Object.values(graph.nodes)
      .filter((node) => node.agentType === agent.agent_type)
      .map((node) => node.name ?? agent.name),
  );
  if (!taken.has(agent.name)) return null;
  for (let n = 2; ; n++) if (!taken.has(`${agent.name} ${n}`)) return `${agent.name} ${n}`;
}

export function addNode(node: PipelineNode, label: string, merge?: string): Command {
  return {
    label: `Add ${label}`,
    merge,
    change: (draft) => void (draft.nodes[node.id] = { ...node, config: { ...node.config } }),
  };
}

/** Starts it in another way, or otherwise; a setting that is typed or slid is one step. */
export function changeStart(before: Start, after: Start): Command {
  const field = before.kind === after.kind && fieldInFlow(before, after);
  return {
    label: 'Change how it starts',
    merge: field ? `start:${field}` : undefined,
    start: after,
  };
}

/** The one setting that changed, if it is one that passes through many values on its way. */
function fieldInFlow(before: Start, after: Start): string | undefined {
  const old = new Map<string, unknown>(Object.entries(before));
  const now: [string, unknown][] = Object.entries(after);
  const changed = now.filter(([name, value]) => !sameValue(old.get(name), value));
  const [[name, is] = ['', null]] = changed;
  const was = old.get(name);
  const flows =
    typeof is === 'number' ||
    (was instanceof Object && is instanceof Object && sizeOf(was) === sizeOf(is));
  return changed.length === 1 && flows ? name : undefined;
}

function sizeOf(value: object): number {
  return Object.keys(value).length;
}

/** Puts another graph, and another way to start, in place of all that there is. */
export function replaceAll(graph: PipelineGraph, label: string, start?: Start): Command {
  const parts = ['nodes', 'edges', 'notes'] as const;
  return {
    label,
    start,
    change: (draft) => {
      for (const part of parts)
        if (JSON.stringify(draft[part]) !== JSON.stringify(graph[part]))
          Object.assign(draft, { [part]: graph[part] });
    },
  };
}

/** Adds a node and the edge that leads to it, in one step. */
export function addAfter(node: PipelineNode, label: string, from: Connection): Command {
  return {
    label: `Add ${label}`,
    change: (draft) => {
      draft.nodes[node.id] = { ...node, config: { ...node.config } };
      putEdge(draft.edges, makeEdge({ ...from, to: node.id }));
    },
  };
}

/** Puts a node between the two ends of an edge. The node leaves by its first port. */
export function insertOnEdge(
  graph: PipelineGraph,
  edge: PipelineEdge,
  node: PipelineNode,
  agent: AgentSpec | undefined,
  merge?: string,
): Command {
  const exit = storedPort(outputPorts(agent)[0].name, agent);
  const isNew = !(node.id in graph.nodes);
  return {
    label: isNew ? `Add ${agent?.name ?? node.agentType}` : 'Insert on edge',
    merge,
    change: (draft) => {
      if (isNew) draft.nodes[node.id] = { ...node, config: { ...node.config } };
      delete draft.edges[edge.id];
      putEdge(draft.edges, makeEdge({ from: edge.from, fromPort: edge.fromPort, to: node.id }));
      putEdge(draft.edges, makeEdge({ from: node.id, fromPort: exit, to: edge.to }));
    },
  };
}

export function connect(connection: Connection): Command {
  return { label: 'Connect', change: (draft) => putEdge(draft.edges, makeEdge(connection)) };
}

/** Moves one end of an edge. */
export function reconnect(oldEdgeId: string, connection: Connection): Command {
  return {
    label: 'Reconnect',
    change: (draft) => {
      delete draft.edges[oldEdgeId];
      putEdge(draft.edges, makeEdge(connection));
    },
  };
}

/** Moves nodes and notes to where they were dropped. */
export function moveTo(moved: readonly Moved[], merge?: string): Command {
  return {
    label: `Move ${count(moved.length, 'item')}`,
    merge,
    change: (draft) => {
      for (const { id, position } of moved) {
        const item = draft.nodes[id] ?? draft.notes[id];
        if (item && (item.position.x !== position.x || item.position.y !== position.y))
          item.position = { ...position };
      }
    },
  };
}

/** Moves the selection by a step; repeated quickly it is one step of undo. */
export function nudge(ids: readonly string[], by: Point): Command {
  return {
    label: `Move ${count(ids.length, 'item')}`,
    merge: `nudge:${ids.join()}`,
    change: (draft) => {
      for (const id of ids) {
        const item = draft.nodes[id] ?? draft.notes[id];
        if (item) item.position = { x: item.position.x + by.x, y: item.position.y + by.y };
      }
    },
  };
}

/** Deletes nodes, edges and notes by id, with every edge that would lose an end. */
export function remove(ids: readonly string[]): Command {
  const gone = new Set(ids);
  return {
    label: `Delete ${count(ids.length, 'item')}`,
    change: (draft) => {
      for (const id of ids) {
        delete draft.nodes[id];
        delete draft.notes[id];
      }
      for (const edge of Object.values(draft.edges))
        if (gone.has(edge.id) || gone.has(edge.from) || gone.has(edge.to))
          delete draft.edges[edge.id];
    },
  };
}

/** Deletes one node and joins what it stood between, where that is a single path. */
export function removeAndBridge(graph: PipelineGraph, id: string): Command {
  const edges = Object.values(graph.edges);
  const into = edges.filter((edge) => edge.to === id);
  const out = edges.filter((edge) => edge.from === id);
  const deletion = remove([id]);
  const [before] = into;
  const [after] = out;
  if (!before || !after || into.length > 1 || out.length > 1) return deletion;
  return {
    label: deletion.label,
    change: (draft) => {
      deletion.change?.(draft);
      putEdge(
        draft.edges,
        makeEdge({ from: before.from, fromPort: before.fromPort, to: after.to }),
      );
    },
  };
}

/** Settings of a node. Typing quickly in one form is one step. */
export function configure(id: string, config: Config): Command {
  return {
    label: 'Edit settings',
    merge: `configure:${id}`,
    change: (draft) => {
      const node = draft.nodes[id];
      if (node && JSON.stringify(node.config) !== JSON.stringify(config))
        node.config = structuredClone(config) as Record<string, unknown>;
    },
  };
}

/** Gives a node its own name, or with an empty text its agent's again. */
export function rename(id: string, name: string): Command {
  const value = name.trim() || null;
  return {
    label: 'Rename',
    merge: `rename:${id}`,
    change: (draft) => {
      const node = draft.nodes[id];
      if (node && node.name !== value) node.name = value;
    },
  };
}

export function setPinned(ids: readonly string[], pinned: boolean): Command {
  return {
    label: `${pinned ? 'Pin' : 'Unpin'} ${count(ids.length, 'node')}`,
    change: (draft) => {
      for (const id of ids) {
        const node = draft.nodes[id];
        if (node && node.pinned !== pinned) node.pinned = pinned;
      }
    },
  };
}

/** Adds copied parts, already given their new ids. */
export function insertParts(parts: PipelineGraph, label: string): Command {
  return {
    label,
    change: (draft) => {
      Object.assign(draft.nodes, structuredClone(parts.nodes));
      Object.assign(draft.edges, structuredClone(parts.edges));
      Object.assign(draft.notes, structuredClone(parts.notes));
    },
  };
}

/** Puts every node where a layout placed it. */
export function applyLayout(positions: ReadonlyMap<string, Point>): Command {
  return {
    label: 'Auto-layout',
    change: (draft) => {
      for (const [id, position] of positions) {
        const node = draft.nodes[id];
        if (node && (node.position.x !== position.x || node.position.y !== position.y))
          node.position = { ...position };
      }
    },
  };
}

export function addNote(note: Note): Command {
  return {
    label: 'Add note',
    change: (draft) => void (draft.notes[note.id] = structuredClone(note)),
  };
}

export function editNote(id: string, text: string): Command {
  return {
    label: 'Edit note',
    merge: `note:${id}`,
    change: (draft) => {
      const note = draft.notes[id];
      if (note && note.text !== text) note.text = text;
    },
  };
}

export function resizeNote(id: string, size: Size): Command {
  return {
    label: 'Resize note',
    merge: `note-size:${id}`,
    change: (draft) => {
      const note = draft.notes[id];
      if (note && (note.size.w !== size.w || note.size.h !== size.h)) note.size = { ...size };
    },
  };
}

/** Replaces the whole graph, as when an older version is taken back, and how it starts if told. */
export function replaceGraph(graph: PipelineGraph, label: string, start?: Start | null): Command {
  return {
    label,
    start: start ?? undefined,
    change: (draft) => {
      draft.nodes = structuredClone(graph.nodes) as typeof draft.nodes;
      draft.edges = structuredClone(graph.edges) as typeof draft.edges;
      draft.notes = structuredClone(graph.notes) as typeof draft.notes;
    },
  };
}

/** An edge as a sentence: "Market data to Bias, by Bullish". */
export function edgeInWords(
  edge: PipelineEdge,
  graph: PipelineGraph,
  catalogue: Catalogue,
): string {
  const from = graph.nodes[edge.from];
  const to = graph.nodes[edge.to];
  if (!from || !to) return 'Edge';
  const agent = catalogue.get(from.agentType);
  const by = edge.fromPort ? `, by ${portLabel(edge.fromPort, agent)}` : '';
  return `${nodeName(from, catalogue)} to ${nodeName(to, catalogue)}${by}`;
}

function makeEdge({ from, fromPort, to }: Connection): PipelineEdge {
  return { id: edgeId(from, fromPort, to), from, fromPort, to };
}

function putEdge(edges: Record<string, unknown>, edge: PipelineEdge): void {
  edges[edge.id] = edge;
}
