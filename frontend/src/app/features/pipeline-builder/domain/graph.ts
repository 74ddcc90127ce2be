/** The pipeline as the editor holds it: records by id, so that one node can change without touching the rest. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly w: number;
  readonly h: number;
}

/** An agent's settings, as its JSON Schema describes them. */
export type Config = Readonly<Record<string, unknown>>;

export interface PipelineNode {
  readonly id: string;
  readonly agentType: string;
  readonly name: string | null;
  readonly config: Config;
  readonly position: Point;
  /** Auto-layout leaves a pinned node where it is. */
  readonly pinned: boolean;
}

export interface PipelineEdge {
  readonly id: string;
  readonly from: string;
  /** Null means the agent's first port. */
  readonly fromPort: string | null;
  readonly to: string;
}

export interface Note {
  readonly id: string;
  readonly text: string;
  readonly position: Point;
  readonly size: Size;
}

export interface PipelineGraph {
  readonly nodes: Readonly<Record<string, PipelineNode>>;
  readonly edges: Readonly<Record<string, PipelineEdge>>;
  readonly notes: Readonly<Record<string, Note>>;
}

interface ApiNode {
  id: string;
  agent_type: string;
  config?: Record<string, unknown>;
  position: { x: number; y: number };
  name?: string | null;
  pinned?: boolean;
}

/** The shape that the API stores and answers. */
export interface ApiGraph {
  nodes: ApiNode[];
  edges: { from: string; to: string; from_port?: string | null }[];
  notes?: {
    id: string;
    text: string;
    position: { x: number; y: number };
    size?: { w: number; h: number } | null;
  }[];
}

/** A graph as it may have been written by hand: places are optional. */
type StoredGraph = Omit<ApiGraph, 'nodes'> & {
  nodes: (Omit<ApiNode, 'position'> & Partial<Pick<ApiNode, 'position'>>)[];
};

export const EMPTY_GRAPH: PipelineGraph = { nodes: {}, edges: {}, notes: {} };
export const NODE_WIDTH = 232;
export const NODE_HEIGHT = 72;
export const GRID = 8;
export const DEFAULT_NOTE_SIZE: Size = { w: 240, h: 120 };

/** Edges are named by their ends: the same connection has the same id on every load. */
export function edgeId(from: string, fromPort: string | null, to: string): string {
  return `${from}|${fromPort ?? ''}|${to}`;
}

/** A repaired copy of what the API stored, with what had to be left out in words. */
export interface LoadedGraph {
  readonly graph: PipelineGraph;
  readonly repairs: readonly string[];
}

/** Reads the API's graph. Edges that lead nowhere are dropped and nodes that share an id are told apart. */
export function fromApi(api: StoredGraph): LoadedGraph {
  const repairs: string[] = [];
  const nodes: Record<string, PipelineNode> = {};
  for (const item of api.nodes) {
    let id = item.id;
    for (let n = 2; id in nodes; n++) id = `${item.id}-${n}`;
    if (id !== item.id) repairs.push(`Two nodes were both called ${item.id}; one is now ${id}.`);
    nodes[id] = {
      id,
      agentType: item.agent_type,
      name: item.name ?? null,
      config: item.config ?? {},
      position: item.position ?? { x: 0, y: 0 },
      pinned: item.pinned ?? false,
    };
  }
  const edges: Record<string, PipelineEdge> = {};
  for (const item of api.edges) {
    if (!(item.from in nodes) || !(item.to in nodes)) {
      repairs.push(`An edge from ${item.from} to ${item.to} led nowhere and was removed.`);
      continue;
    }
    const fromPort = item.from_port ?? null;
    const id = edgeId(item.from, fromPort, item.to);
    edges[id] = { id, from: item.from, fromPort, to: item.to };
  }
  const notes: Record<string, Note> = {};
  for (const item of api.notes ?? [])
    notes[item.id] = { ...item, size: item.size ?? DEFAULT_NOTE_SIZE };
  return { graph: { nodes, edges, notes }, repairs };
}

/** Writes the graph in the API's shape. */
export function toApi(graph: PipelineGraph): ApiGraph {
  return {
    nodes: Object.values(graph.nodes).map((node) => ({
      id: node.id,
      agent_type: node.agentType,
      config: { ...node.config },
      position: { ...node.position },
      name: node.name,
      pinned: node.pinned,
    })),
    edges: Object.values(graph.edges).map((edge) => ({
      from: edge.from,
      to: edge.to,
      from_port: edge.fromPort,
    })),
    notes: Object.values(graph.notes).map((note) => ({
      id: note.id,
      text: note.text,
      position: { ...note.position },
      size: { ...note.size },
    })),
  };
}

/** What decides whether a graph is valid: everything except where things are drawn. */
export function meaningOf(graph: PipelineGraph): string {
  const nodes = Object.values(graph.nodes).map((n) => [n.id, n.agentType, n.config]);
  return JSON.stringify([nodes, Object.keys(graph.edges)]);
}

/** Whether two graphs are stored alike, wherever their fields stand. */
export function sameGraph(a: PipelineGraph, b: PipelineGraph): boolean {
  return a === b || textOf(a) === textOf(b);
}

/** Tells a graph, and what goes with it, from others, in 64 bits: what is stored alike has the same. */
export function fingerprint(graph: PipelineGraph, beside: object): string {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (const character of textOf(graph) + textInOrder(beside)) {
    const code = character.codePointAt(0) ?? 0;
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  return `${(high >>> 0).toString(36)}-${(low >>> 0).toString(36)}`;
}

/** Whether two values are written alike, wherever the fields of objects stand. */
export function sameValue(a: unknown, b: unknown): boolean {
  return a === b || textInOrder(a) === textInOrder(b);
}

/** A value as text that is the same wherever the fields of objects stand. */
export function textInOrder(value: unknown): string {
  return JSON.stringify(value, inOrder);
}

function textOf(graph: PipelineGraph): string {
  return textInOrder(toApi(graph));
}

/** Writes keys by name: the order in which a database gives them back means nothing. */
function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Rounds a position to the canvas grid. */
export function snap(point: Point): Point {
  return { x: Math.round(point.x / GRID) * GRID, y: Math.round(point.y / GRID) * GRID };
}
