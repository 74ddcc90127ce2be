/** Which part of the canvas is on the screen: pure arithmetic, so that nothing waits for a drawing. */

import type { Catalogue } from './catalogue';
import { nodeSize } from './geometry';
import type { PipelineGraph, Point, Size } from './graph';
import { topologicalOrder } from './topology';

/** A point p of the canvas is seen at `p * scale + position`, in px from the window's corner. */
export interface Viewport {
  readonly scale: number;
  readonly position: Point;
}

export interface Bounds extends Point, Size {}

/** Screen px kept free around the graph. */
const MARGIN = { x: 32, y: 56 };
const SMALLEST_SCALE = 0.1;
/** A small graph is not blown up. */
const LARGEST_FIT_SCALE = 1;
/** Below this the smallest words on a card, of 12 px, are smaller than 11. */
const READABLE_SCALE = 11 / 12;

/** The box around all nodes and notes; null when there are none. */
export function boundsOf(graph: PipelineGraph, catalogue: Catalogue): Bounds | null {
  const boxes = [
    ...Object.values(graph.nodes).map((node) => ({
      ...node.position,
      ...nodeSize(catalogue.get(node.agentType)),
    })),
    ...Object.values(graph.notes).map((note) => ({ ...note.position, ...note.size })),
  ];
  if (!boxes.length) return null;
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  return {
    x,
    y,
    w: Math.max(...boxes.map((box) => box.x + box.w)) - x,
    h: Math.max(...boxes.map((box) => box.y + box.h)) - y,
  };
}

/** Everything in view, in the middle of a window of `size` px. */
export function fitAll(bounds: Bounds, size: Size): Viewport {
  const across = (size.w - 2 * MARGIN.x) / bounds.w;
  const down = (size.h - 2 * MARGIN.y) / bounds.h;
  const scale = Math.max(SMALLEST_SCALE, Math.min(LARGEST_FIT_SCALE, across, down));
  return {
    scale,
    position: {
      x: (size.w - bounds.w * scale) / 2 - bounds.x * scale,
      y: (size.h - bounds.h * scale) / 2 - bounds.y * scale,
    },
  };
}

/**
 * What a pipeline is opened with: everything if it can be read, else its first nodes at a size that
 * can, the rest to the right.
 */
export function openingView(graph: PipelineGraph, catalogue: Catalogue, size: Size): Viewport {
  const bounds = boundsOf(graph, catalogue);
  if (!bounds) return { scale: 1, position: { x: 0, y: 0 } };
  const all = fitAll(bounds, size);
  if (all.scale >= READABLE_SCALE) return all;
  const scale = READABLE_SCALE;
  const [firstId = ''] = topologicalOrder(graph);
  const first = graph.nodes[firstId]?.position ?? bounds;
  const farRight = (first.x - bounds.x) * scale > size.w / 2;
  const left = farRight ? first.x : bounds.x;
  const height = bounds.h * scale;
  const top =
    height <= size.h - 2 * MARGIN.y
      ? (size.h - height) / 2
      : Math.min(MARGIN.y, size.h / 2 - (first.y - bounds.y) * scale);
  return {
    scale,
    position: { x: MARGIN.x - left * scale, y: top - bounds.y * scale },
  };
}

/** Px that what is brought into view keeps from the edge. */
const CLEARANCE = 48;

/**
 * How far to move a canvas so that a box (px from the corner of its window of `size` px) is seen
 * whole: no further than needed, and its left and top first where it is larger than the window.
 */
export function panToShow(box: Bounds, size: Size): Point {
  return { x: shift(box.x, box.w, size.w), y: shift(box.y, box.h, size.h) };
}

function shift(start: number, length: number, room: number): number {
  const back = Math.min(0, room - CLEARANCE - (start + length));
  return start + back < CLEARANCE ? CLEARANCE - start : back;
}
