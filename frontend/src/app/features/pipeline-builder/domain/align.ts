/** Lining up and spacing out a selection. */

import type { PipelineGraph, Point } from './graph';
import { NODE_HEIGHT, NODE_WIDTH } from './graph';
import type { Command } from './history';
import { moveTo } from './commands';

export type Alignment = 'left' | 'center' | 'right' | 'top' | 'middle' | 'bottom';
export type Axis = 'horizontal' | 'vertical';

interface Box {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export function align(graph: PipelineGraph, ids: readonly string[], to: Alignment): Command {
  const boxes = boxesOf(graph, ids);
  const left = Math.min(...boxes.map((box) => box.x));
  const right = Math.max(...boxes.map((box) => box.x + box.w));
  const top = Math.min(...boxes.map((box) => box.y));
  const bottom = Math.max(...boxes.map((box) => box.y + box.h));
  const place: Record<Alignment, (box: Box) => Point> = {
    left: (box) => ({ x: left, y: box.y }),
    center: (box) => ({ x: (left + right - box.w) / 2, y: box.y }),
    right: (box) => ({ x: right - box.w, y: box.y }),
    top: (box) => ({ x: box.x, y: top }),
    middle: (box) => ({ x: box.x, y: (top + bottom - box.h) / 2 }),
    bottom: (box) => ({ x: box.x, y: bottom - box.h }),
  };
  const moved = boxes.map((box) => ({ id: box.id, position: place[to](box) }));
  return { ...moveTo(moved), label: `Align ${to}` };
}

/** Equal gaps between the outermost two, along one axis. */
export function distribute(graph: PipelineGraph, ids: readonly string[], axis: Axis): Command {
  const across = axis === 'horizontal';
  const boxes = boxesOf(graph, ids).sort((a, b) => (across ? a.x - b.x : a.y - b.y));
  const label = 'Space evenly';
  const [first] = boxes;
  const last = boxes.at(-1);
  if (!first || !last || boxes.length < 3) return { ...moveTo([]), label };
  const start = across ? first.x : first.y;
  const step = ((across ? last.x : last.y) - start) / (boxes.length - 1);
  const moved = boxes.map((box, index) => ({
    id: box.id,
    position: across
      ? { x: start + step * index, y: box.y }
      : { x: box.x, y: start + step * index },
  }));
  return { ...moveTo(moved), label };
}

function boxesOf(graph: PipelineGraph, ids: readonly string[]): Box[] {
  const boxes: Box[] = [];
  for (const id of ids) {
    const node = graph.nodes[id];
    const note = graph.notes[id];
    if (node) boxes.push({ id, ...node.position, w: NODE_WIDTH, h: NODE_HEIGHT });
    else if (note) boxes.push({ id, ...note.position, ...note.size });
  }
  return boxes;
}
