/** Copied nodes as text, so that they can travel between pipelines and windows. */

import type { Catalogue } from './catalogue';
import type { Note, PipelineEdge, PipelineGraph, PipelineNode, Point, Size } from './graph';
import { edgeId } from './graph';
import { nodeName } from './words';

type Raw = Readonly<Record<string, unknown>>;

/** How long a name the API takes. */
const LONGEST_NAME = 80;
const FORMAT = 'kuber.nodes/1';
/** How far from the middle of the canvas, and how large, the API takes things. */
const FURTHEST = 1_000_000;
const LARGEST = 10_000;
/** How many of each the API takes. */
const MOST = { nodes: 1_000, edges: 10_000, notes: 1_000 } as const;
const WORDS = { nodes: 'nodes', edges: 'connections', notes: 'notes' } as const;
const inWords = (number: number): string => number.toLocaleString('en-US');

/** The chosen nodes and notes with the edges among them. */
export function partsOf(graph: PipelineGraph, ids: ReadonlySet<string>): PipelineGraph {
  const pick = <T extends { id: string }>(items: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(items).filter(([id]) => ids.has(id)));
  const edges = Object.entries(graph.edges).filter(
    ([, edge]) => ids.has(edge.from) && ids.has(edge.to),
  );
  return { nodes: pick(graph.nodes), edges: Object.fromEntries(edges), notes: pick(graph.notes) };
}

export function isEmpty(parts: PipelineGraph): boolean {
  return !Object.keys(parts.nodes).length && !Object.keys(parts.notes).length;
}

export function toText(parts: PipelineGraph): string {
  return JSON.stringify({ format: FORMAT, ...parts });
}

/** Reads copied text; null when it is something else, `damaged` when it was ours and is not whole. */
export function fromText(text: string): PipelineGraph | 'damaged' | null {
  const value = parsed(text);
  if (!isRecord(value) || value['format'] !== FORMAT) return null;
  const nodes = readAll(value['nodes'], readNode);
  const edges = readAll(value['edges'], readEdge);
  const notes = readAll(value['notes'], readNote);
  return nodes && edges && notes ? { nodes, edges, notes } : 'damaged';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Every item of a record under its own id; null when one of them cannot be read. */
function readAll<T extends { readonly id: string }>(
  value: unknown,
  read: (item: Raw, id: string) => T | null,
): Readonly<Record<string, T>> | null {
  if (!isRecord(value)) return null;
  const items: [string, T][] = [];
  for (const [id, raw] of Object.entries(value)) {
    const item = isRecord(raw) ? read(raw, id) : null;
    if (!item) return null;
    items.push([id, item]);
  }
  return Object.fromEntries(items);
}

function readNode(item: Raw, id: string): PipelineNode | null {
  const { agentType, name = null, config, pinned = false } = item;
  const position = readPoint(item['position']);
  if (typeof agentType !== 'string' || !agentType || !isRecord(config) || !position) return null;
  if ((name !== null && typeof name !== 'string') || typeof pinned !== 'boolean') return null;
  return { id, agentType, name, config, position, pinned };
}

function readEdge({ from, to, fromPort = null }: Raw, id: string): PipelineEdge | null {
  if (typeof from !== 'string' || typeof to !== 'string') return null;
  return fromPort === null || typeof fromPort === 'string' ? { id, from, fromPort, to } : null;
}

function readNote(item: Raw, id: string): Note | null {
  const [{ text }, position, size] = [item, readPoint(item['position']), readSize(item['size'])];
  return typeof text === 'string' && position && size ? { id, text, position, size } : null;
}

function readPoint(value: unknown): Point | null {
  if (!isRecord(value)) return null;
  const { x, y } = value;
  return isWithin(x, -FURTHEST, FURTHEST) && isWithin(y, -FURTHEST, FURTHEST) ? { x, y } : null;
}

function readSize(value: unknown): Size | null {
  if (!isRecord(value)) return null;
  const { w, h } = value;
  return isWithin(w, 1, LARGEST) && isWithin(h, 1, LARGEST) ? { w, h } : null;
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}

function isRecord(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Why `graph` has no room for `parts`, with what to do; null when it has. */
export function tooMuch(graph: PipelineGraph, parts: PipelineGraph): string | null {
  for (const [kind, most] of Object.entries(MOST) as [keyof PipelineGraph, number][]) {
    const [there, more] = [graph[kind], parts[kind]].map((items) => Object.keys(items).length);
    const together = (there ?? 0) + (more ?? 0);
    if (more && together > most) {
      return (
        `A pipeline takes ${inWords(most)} ${WORDS[kind]}, and with these it would have` +
        ` ${inWords(together)}. Nothing was added: choose fewer, or put them in another pipeline.`
      );
    }
  }
  return null;
}

/**
 * The same parts under names that no node of `graph` has, so that copies can be told apart: "Strategy
 * 2", "Strategy 3".
 */
export function withNewNames(
  parts: PipelineGraph,
  graph: PipelineGraph,
  catalogue: Catalogue,
): PipelineGraph {
  const taken = new Set(Object.values(graph.nodes).map((node) => nodeName(node, catalogue)));
  const named = Object.entries(parts.nodes).map(([id, node]) => {
    const name = nodeName(node, catalogue);
    const free = freeName(name, taken);
    taken.add(free);
    return [id, free === name ? node : { ...node, name: free }] as const;
  });
  return { ...parts, nodes: Object.fromEntries(named) };
}

/** A number at its end is counted on only where it was counted: "RSI 14" is a name of its own. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  const stem = name.replace(/ \d+$/, '');
  const base = (taken.has(stem) ? stem : name).slice(0, LONGEST_NAME - 5);
  for (let n = 2; ; n++) if (!taken.has(`${base} ${n}`)) return `${base} ${n}`;
}

/** The same parts with new ids, moved by an offset. */
export function withNewIds(
  parts: PipelineGraph,
  mint: (prefix: string) => string,
  by: Point,
): PipelineGraph {
  const moved = (point: Point): Point => ({ x: point.x + by.x, y: point.y + by.y });
  const ids = new Map<string, string>();
  const copy = <T extends { id: string; position: Point }>(
    items: Readonly<Record<string, T>>,
    prefix: (item: T) => string,
  ): Record<string, T> => {
    const result: Record<string, T> = {};
    for (const [oldId, item] of Object.entries(items)) {
      const id = mint(prefix(item));
      ids.set(oldId, id);
      result[id] = { ...structuredClone(item), id, position: moved(item.position) };
    }
    return result;
  };
  const nodes = copy(parts.nodes, (node) => node.agentType);
  const notes = copy(parts.notes, () => 'note');
  const edges: Record<string, PipelineEdge> = {};
  for (const edge of Object.values(parts.edges)) {
    const from = ids.get(edge.from);
    const to = ids.get(edge.to);
    if (!from || !to) continue;
    const id = edgeId(from, edge.fromPort, to);
    edges[id] = { id, from, fromPort: edge.fromPort, to };
  }
  return { nodes, edges, notes };
}

/** The top left corner of some parts. */
export function originOf(parts: PipelineGraph): Point {
  const points = [...Object.values(parts.nodes), ...Object.values(parts.notes)].map(
    (item) => item.position,
  );
  return {
    x: Math.min(...points.map((point) => point.x)),
    y: Math.min(...points.map((point) => point.y)),
  };
}
