/** Where things are on the canvas. */

import type { AgentSpec, Catalogue } from './catalogue';
import { outputPorts, resolvePort } from './catalogue';
import type { PipelineEdge, PipelineGraph, PipelineNode, Point, Size } from './graph';
import { NODE_HEIGHT, NODE_WIDTH, snap } from './graph';

const PORT_SPACING = 24;
const GAP = 96;
const ROW = NODE_HEIGHT + 40;

/** A card grows only when its ports would not fit beside each other. */
export function nodeSize(agent: AgentSpec | undefined): Size {
  return {
    w: NODE_WIDTH,
    h: Math.max(NODE_HEIGHT, outputPorts(agent).length * PORT_SPACING),
  };
}

/** The distance of a port from the top of its card. */
export function portOffset(index: number, agent: AgentSpec | undefined): number {
  const ports = outputPorts(agent).length;
  return nodeSize(agent).h / 2 + (index - (ports - 1) / 2) * PORT_SPACING;
}

/** A free place to the right of a node, below whatever already stands there. */
export function placeAfter(graph: PipelineGraph, from: string): Point {
  const { x, y } = graph.nodes[from]?.position ?? { x: 0, y: 0 };
  return freePlace(graph, { x: x + NODE_WIDTH + GAP, y });
}

/** The nearest free place at or below a point. */
export function freePlace(graph: PipelineGraph, wanted: Point): Point {
  const nodes = Object.values(graph.nodes);
  let place = snap(wanted);
  while (nodes.some((node) => covers(node, place))) place = { x: place.x, y: place.y + ROW };
  return place;
}

function covers(node: PipelineNode, place: Point): boolean {
  return (
    Math.abs(node.position.x - place.x) < NODE_WIDTH + 16 &&
    Math.abs(node.position.y - place.y) < NODE_HEIGHT + 16
  );
}

const CURVE_SAMPLES = 24;
const NEAR = 30;

/** The edge that runs closest past a point, if one comes near. Edges leave and arrive level. */
export function edgeNear(
  graph: PipelineGraph,
  catalogue: Catalogue,
  point: Point,
  without?: string,
): string | null {
  let best: { id: string; distance: number } | null = null;
  for (const edge of Object.values(graph.edges)) {
    if (edge.from === without || edge.to === without) continue;
    const ends = edgeEnds(graph, catalogue, edge);
    const distance = ends ? distanceToCurve(point, ...ends) : Infinity;
    if (distance < (best?.distance ?? NEAR)) best = { id: edge.id, distance };
  }
  return best?.id ?? null;
}

function edgeEnds(
  graph: PipelineGraph,
  catalogue: Catalogue,
  edge: PipelineEdge,
): [Point, Point] | null {
  const [from, to] = [graph.nodes[edge.from], graph.nodes[edge.to]];
  if (!from || !to) return null;
  const agent = catalogue.get(from.agentType);
  const port = resolvePort(edge.fromPort, agent);
  const index = outputPorts(agent).findIndex((item) => item.name === port);
  const { h } = nodeSize(catalogue.get(to.agentType));
  return [
    { x: from.position.x + NODE_WIDTH, y: from.position.y + portOffset(Math.max(0, index), agent) },
    { x: to.position.x, y: to.position.y + h / 2 },
  ];
}

function distanceToCurve(point: Point, a: Point, b: Point): number {
  const bend = Math.abs(b.x - a.x) / 2;
  let least = Infinity;
  for (let i = 0; i <= CURVE_SAMPLES; i++) {
    const t = i / CURVE_SAMPLES;
    const u = 1 - t;
    const [w0, w1, w2, w3] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
    const x = w0 * a.x + w1 * (a.x + bend) + w2 * (b.x - bend) + w3 * b.x;
    const y = (w0 + w1) * a.y + (w2 + w3) * b.y;
    least = Math.min(least, Math.hypot(point.x - x, point.y - y));
  }
  return least;
}

export type Direction = 'left' | 'right' | 'up' | 'down';

/** The node that one arrives at by going a direction from another. */
export function neighbour(
  graph: PipelineGraph,
  catalogue: Catalogue,
  from: string,
  direction: Direction,
): string | null {
  const start = graph.nodes[from] && centre(graph.nodes[from], catalogue);
  if (!start) return null;
  const sideways = direction === 'left' || direction === 'right';
  const sign = direction === 'left' || direction === 'up' ? -1 : 1;
  let best: { id: string; cost: number } | null = null;
  for (const node of Object.values(graph.nodes)) {
    if (node.id === from) continue;
    const to = centre(node, catalogue);
    const along = (sideways ? to.x - start.x : to.y - start.y) * sign;
    const across = Math.abs(sideways ? to.y - start.y : to.x - start.x);
    if (along <= 8) continue;
    const cost = along + across * 2;
    if (!best || cost < best.cost) best = { id: node.id, cost };
  }
  return best?.id ?? null;
}

function centre(node: PipelineNode, catalogue: Catalogue): Point {
  const { w, h } = nodeSize(catalogue.get(node.agentType));
  return { x: node.position.x + w / 2, y: node.position.y + h / 2 };
}
