import { edgeFlow, type EdgeFlow } from './edge-flow';
import {
  arcsOf,
  type Box,
  pathText,
  pointsAlong,
  routeWires,
  type Spot,
  type Wire,
} from './edge-route';

/** A node as it is drawn: position in px, top left corner. */
export interface DrawnNode {
  readonly id: string;
  readonly name: string;
  readonly icon: string;
  readonly category: string;
  readonly position: { readonly x: number; readonly y: number };
  /** State in a run; absent outside one. */
  readonly status?: string;
  /** The port that it was left by in a run. */
  readonly port?: string | null;
}

export interface DrawnEdge {
  readonly from: string;
  readonly to: string;
  readonly port: string;
  /** The place of the port among those of its node, from the top. */
  readonly rank: number;
  readonly label?: string | null;
}

export interface EdgePath {
  readonly d: string;
  readonly flow: EdgeFlow;
  readonly label: string;
  readonly labelX: number;
  readonly labelY: number;
  readonly points: readonly Spot[];
  readonly top: number;
  readonly bottom: number;
}

export interface Extent {
  readonly width: number;
  readonly height: number;
}

export interface Picture extends Extent {
  /** Where it begins: above 0 when edges run above the first row. */
  readonly top: number;
}

/** Size of a card and of the gaps between cards, in px. */
export interface Grid extends Extent {
  readonly gapX: number;
  readonly gapY: number;
}

const MARGIN = 8;
/** Positions closer than this, in the editor's px, share a column or a row. */
const SAME_COLUMN = 120;
const SAME_ROW = 48;
/** Px between two ports of a card. */
const PORT_SPACING = 18;
/** Px of a letter of a label, rather more than less. */
const LETTER = 7;
const BESIDE_LABEL = 7;

/**
 * Moves nodes onto a tight grid that keeps their order from left to right and top to bottom. The gap
 * behind a column is as wide as the labels of the edges that leave it.
 */
export function compact(
  nodes: readonly DrawnNode[],
  grid: Grid,
  edges: readonly DrawnEdge[] = [],
): readonly DrawnNode[] {
  const columns = lanes(
    nodes.map((node) => node.position.x),
    SAME_COLUMN,
  );
  const rows = lanes(
    nodes.map((node) => node.position.y),
    SAME_ROW,
  );
  const columnOf = new Map(nodes.map(({ id, position }) => [id, laneOf(columns, position.x)]));
  const extra = columns.map((_, column) =>
    Math.max(0, ...edges.filter(({ from }) => columnOf.get(from) === column).map(labelRoom)),
  );
  const starts = columns.map((_, column) => {
    const before = extra.slice(0, column).reduce((sum, room) => sum + room, 0);
    return MARGIN + column * (grid.width + grid.gapX) + before;
  });
  return nodes.map((node) => ({
    ...node,
    position: {
      x: starts[columnOf.get(node.id) ?? 0] ?? MARGIN,
      y: MARGIN + laneOf(rows, node.position.y) * (grid.height + grid.gapY),
    },
  }));
}

/** The picture that holds all nodes and the edges that run around them. */
export function extentOf(
  nodes: readonly DrawnNode[],
  card: Extent,
  paths: readonly EdgePath[] = [],
): Picture {
  const right = Math.max(0, ...nodes.map((node) => node.position.x));
  const bottom = Math.max(0, ...nodes.map((node) => node.position.y));
  const top = Math.min(0, ...paths.map((path) => path.top - MARGIN));
  const low = Math.max(bottom + card.height, ...paths.map((path) => path.bottom));
  return { top, width: right + card.width + MARGIN, height: low + MARGIN - top };
}

/** Smooth lines from the right of one card to the left of the next, around all others. */
export function edgePaths(
  nodes: readonly DrawnNode[],
  edges: readonly DrawnEdge[],
  card: Extent,
): readonly EdgePath[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const drawn = edges.filter(({ from, to }) => byId.has(from) && byId.has(to));
  const boxes = nodes.map(({ position }): Box => ({ ...position, w: card.width, h: card.height }));
  const wires = drawn.map((edge, i) => wireOf(edge, `${i}`, byId, card, ranksOf(drawn, edge.from)));
  const routes = routeWires(wires, boxes);
  return drawn.map((edge, i) => {
    const wire = wires[i] as Wire;
    const [from, to] = [byId.get(edge.from), byId.get(edge.to)];
    const label = edge.label ?? '';
    const room = labelRoom(edge);
    const arcs = arcsOf(wire, routes.get(wire.id) ?? []);
    const points = pointsAlong(arcs);
    const heights = points.map(({ y }) => y);
    const lead = room ? `M${wire.start.x - room} ${wire.start.y} H${wire.start.x} ` : '';
    return {
      d: lead + pathText(arcs),
      flow: from?.status
        ? edgeFlow({ ...from, status: from.status }, passageOf(to), edge.port)
        : 'idle',
      label,
      labelX: wire.start.x - room + BESIDE_LABEL,
      labelY: wire.start.y,
      points,
      top: Math.min(...heights),
      bottom: Math.max(...heights),
    };
  });
}

function passageOf(node: DrawnNode | undefined) {
  return node && { status: node.status ?? 'pending' };
}

/** From behind the label, if there is one, to the middle of the next card. */
function wireOf(
  edge: DrawnEdge,
  id: string,
  byId: ReadonlyMap<string, DrawnNode>,
  card: Extent,
  ranks: readonly number[],
): Wire {
  const from = byId.get(edge.from)?.position ?? { x: 0, y: 0 };
  const to = byId.get(edge.to)?.position ?? { x: 0, y: 0 };
  const spacing = Math.min(PORT_SPACING, card.height / ranks.length);
  const offset = (ranks.indexOf(edge.rank) - (ranks.length - 1) / 2) * spacing;
  return {
    id,
    start: { x: from.x + card.width + labelRoom(edge), y: from.y + card.height / 2 + offset },
    side: 'right',
    end: { x: to.x, y: to.y + card.height / 2 },
  };
}

/** The ports of a node that edges leave by, from the top. */
function ranksOf(edges: readonly DrawnEdge[], from: string): readonly number[] {
  const ranks = edges.filter((edge) => edge.from === from).map(({ rank }) => rank);
  return [...new Set(ranks)].sort((a, b) => a - b);
}

/** Px that the label of an edge takes up in the gap, with some air. */
function labelRoom({ label }: DrawnEdge): number {
  return label ? label.length * LETTER + 2 * BESIDE_LABEL : 0;
}

/** The first coordinate of each group of coordinates that lie close together, in order. */
function lanes(values: readonly number[], tolerance: number): readonly number[] {
  const starts: number[] = [];
  for (const value of [...values].sort((a, b) => a - b)) {
    const last = starts.at(-1);
    if (last === undefined || value - last > tolerance) starts.push(value);
  }
  return starts;
}

function laneOf(starts: readonly number[], value: number): number {
  return starts.findLastIndex((start) => start <= value);
}
