/** Where things are on the canvas. */

import {
  arcsOf,
  type Box,
  pointsAlong,
  routeWires,
  type Wire,
} from '@shared/graph-view/edge-route';
import type { AgentSpec, Catalogue } from './catalogue';
import { ERROR_PORT, outputPorts, resolvePort } from './catalogue';
import type { PipelineEdge, PipelineGraph, PipelineNode, Point, Size } from './graph';
import { GRID, NODE_HEIGHT, NODE_WIDTH, snap } from './graph';

const PORT_SPACING = 24;
/** The middle of the error port, from the right of its card. */
const ERROR_PORT_INSET = 38;
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

/** How much further copies are put while they would lie on something: clear of a card, and aside. */
export const COPY_STEP: Point = { x: 4 * GRID, y: NODE_HEIGHT + 4 * GRID };
const MOST_STEPS = 50;

/** How far to move parts, by `first` or step by step further, so that they cover no card or note. */
export function roomFor(graph: PipelineGraph, parts: PipelineGraph, first: Point): Point {
  const start = snap(first);
  const [there, coming] = [graph, parts].map(({ nodes, notes }) => [
    Object.values(nodes).map(({ position }) => ({ ...position, w: NODE_WIDTH, h: NODE_HEIGHT })),
    Object.values(notes).map(({ position, size }) => ({ ...position, ...size })),
  ]);
  const isFree = (by: Point) =>
    !coming?.some((boxes, kind) => boxes.some((box) => there?.[kind]?.some(overlaps(box, by))));
  for (let step = 0; step < MOST_STEPS; step++) {
    const by = { x: start.x + step * COPY_STEP.x, y: start.y + step * COPY_STEP.y };
    if (isFree(by)) return by;
  }
  return start;
}

function overlaps(box: Box, by: Point) {
  const [x, y] = [box.x + by.x, box.y + by.y];
  return (other: Box): boolean =>
    x < other.x + other.w && other.x < x + box.w && y < other.y + other.h && other.y < y + box.h;
}

function covers(node: PipelineNode, place: Point): boolean {
  return (
    Math.abs(node.position.x - place.x) < NODE_WIDTH + 16 &&
    Math.abs(node.position.y - place.y) < NODE_HEIGHT + 16
  );
}

const NEAR = 30;

/** The edge that runs closest past a point, if one comes near, as if node `without` were not there. */
export function edgeNear(
  graph: PipelineGraph,
  catalogue: Catalogue,
  point: Point,
  without?: string,
): string | null {
  const nodes = Object.entries(graph.nodes).filter(([id]) => id !== without);
  const { wires, boxes } = wiring({ ...graph, nodes: Object.fromEntries(nodes) }, catalogue);
  const routes = routeWires(wires, boxes);
  let best: { id: string; distance: number } | null = null;
  for (const wire of wires) {
    const points = pointsAlong(arcsOf(wire, routes.get(wire.id) ?? []));
    const distance = distanceTo(points, point);
    if (distance < (best?.distance ?? NEAR)) best = { id: wire.id, distance };
  }
  return best?.id ?? null;
}

/** Every edge as a wire between its ports, and every card as a box. */
export function wiring(
  graph: PipelineGraph,
  catalogue: Catalogue,
): { readonly wires: readonly Wire[]; readonly boxes: readonly Box[] } {
  return {
    wires: Object.values(graph.edges).flatMap((edge) => wireOf(graph, catalogue, edge) ?? []),
    boxes: Object.values(graph.nodes).map((node) => boxOf(node, catalogue)),
  };
}

/** A node's card. */
export function boxOf(node: PipelineNode, catalogue: Catalogue): Box {
  return { ...node.position, ...nodeSize(catalogue.get(node.agentType)) };
}

function wireOf(graph: PipelineGraph, catalogue: Catalogue, edge: PipelineEdge): Wire | null {
  const [from, to] = [graph.nodes[edge.from], graph.nodes[edge.to]];
  if (!from || !to) return null;
  const agent = catalogue.get(from.agentType);
  const box = boxOf(from, catalogue);
  const port = resolvePort(edge.fromPort, agent);
  const target = boxOf(to, catalogue);
  const end = { x: target.x, y: target.y + target.h / 2 };
  if (port === ERROR_PORT) {
    const start = { x: box.x + box.w - ERROR_PORT_INSET, y: box.y + box.h };
    return { id: edge.id, start, side: 'bottom', end };
  }
  const index = outputPorts(agent).findIndex((item) => item.name === port);
  const start = { x: box.x + box.w, y: box.y + portOffset(Math.max(0, index), agent) };
  return { id: edge.id, start, side: 'right', end };
}

/** The distance of a point from a line of points. */
function distanceTo(points: readonly Point[], point: Point): number {
  return Math.min(...points.slice(1).map((end, i) => distanceToPart(points[i] ?? end, end, point)));
}

function distanceToPart(a: Point, b: Point, { x, y }: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const along = ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy || 1);
  const t = Math.max(0, Math.min(1, along));
  return Math.hypot(x - a.x - t * dx, y - a.y - t * dy);
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
