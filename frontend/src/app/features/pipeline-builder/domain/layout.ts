/** Auto-layout: left to right, with pinned nodes left where the user put them. */

import { Graph, layout } from '@dagrejs/dagre';
import type { PipelineGraph, PipelineNode, Point, Size } from './graph';
import { snap } from './graph';

const GAP_BETWEEN_RANKS = 96;
const GAP_IN_RANK = 40;

/** New positions for the nodes that may move. `sizeOf` answers a node's size on the canvas. */
export function autoLayout(
  graph: PipelineGraph,
  sizeOf: (node: PipelineNode) => Size,
): Map<string, Point> {
  const nodes = Object.values(graph.nodes);
  const ideal = idealPositions(graph, sizeOf);
  const shift = shiftToKeepPlace(nodes, ideal);
  const pinned = nodes.filter((node) => node.pinned);
  const taken = pinned.map((node) => ({ ...node.position, ...sizeOf(node) }));
  const result = new Map<string, Point>();
  for (const node of nodes) {
    if (node.pinned) continue;
    const wanted = ideal.get(node.id) ?? node.position;
    const size = sizeOf(node);
    let place = snap({ x: wanted.x + shift.x, y: wanted.y + shift.y });
    while (taken.some((box) => overlaps({ ...place, ...size }, box)))
      place = { x: place.x, y: place.y + GAP_IN_RANK };
    if (pinned.length) taken.push({ ...place, ...size });
    result.set(node.id, place);
  }
  return result;
}

function idealPositions(
  graph: PipelineGraph,
  sizeOf: (node: PipelineNode) => Size,
): Map<string, Point> {
  const drawing = new Graph();
  drawing.setGraph({ rankdir: 'LR', nodesep: GAP_IN_RANK, ranksep: GAP_BETWEEN_RANKS });
  drawing.setDefaultEdgeLabel(() => ({}));
  for (const node of Object.values(graph.nodes)) {
    const { w, h } = sizeOf(node);
    drawing.setNode(node.id, { width: w, height: h });
  }
  for (const edge of Object.values(graph.edges)) drawing.setEdge(edge.from, edge.to);
  layout(drawing);
  const result = new Map<string, Point>();
  for (const node of Object.values(graph.nodes)) {
    const centre = drawing.node(node.id) as { x: number; y: number };
    const { w, h } = sizeOf(node);
    result.set(node.id, { x: centre.x - w / 2, y: centre.y - h / 2 });
  }
  return result;
}

/** Moves the drawing to where the pinned nodes are, or to where it was. */
function shiftToKeepPlace(
  nodes: readonly PipelineNode[],
  ideal: ReadonlyMap<string, Point>,
): Point {
  const pinned = nodes.filter((node) => node.pinned);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const gap = (axis: 'x' | 'y') => (node: PipelineNode) =>
    node.position[axis] - (ideal.get(node.id)?.[axis] ?? 0);
  if (pinned.length) return { x: mean(pinned.map(gap('x'))), y: mean(pinned.map(gap('y'))) };
  const least = (axis: 'x' | 'y') => Math.min(...nodes.map((node) => node.position[axis]));
  const leastIdeal = (axis: 'x' | 'y') => Math.min(...[...ideal.values()].map((p) => p[axis]));
  return nodes.length
    ? { x: least('x') - leastIdeal('x'), y: least('y') - leastIdeal('y') }
    : { x: 0, y: 0 };
}

type Box = Point & Size;

function overlaps(a: Box, b: Box): boolean {
  const gap = GAP_IN_RANK / 2;
  return (
    a.x < b.x + b.w + gap && b.x < a.x + a.w + gap && a.y < b.y + b.h + gap && b.y < a.y + a.h + gap
  );
}
