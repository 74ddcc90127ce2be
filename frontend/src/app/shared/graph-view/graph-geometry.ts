/** A node as it is drawn: position in px, top left corner. */
export interface DrawnNode {
  readonly id: string;
  readonly name: string;
  readonly icon: string;
  readonly category: string;
  readonly position: { readonly x: number; readonly y: number };
  /** State in a run; absent outside one. */
  readonly status?: string;
}

export interface DrawnEdge {
  readonly from: string;
  readonly to: string;
  readonly label?: string | null;
}

export interface EdgePath {
  readonly d: string;
  readonly label: string;
  readonly labelX: number;
  readonly labelY: number;
  /** Both ends finished: the data passed here. */
  readonly passed: boolean;
}

export interface Extent {
  readonly width: number;
  readonly height: number;
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

/** Moves nodes onto a tight grid that keeps their order from left to right and top to bottom. */
export function compact(nodes: readonly DrawnNode[], grid: Grid): readonly DrawnNode[] {
  const columns = lanes(
    nodes.map((node) => node.position.x),
    SAME_COLUMN,
  );
  const rows = lanes(
    nodes.map((node) => node.position.y),
    SAME_ROW,
  );
  return nodes.map((node) => ({
    ...node,
    position: {
      x: MARGIN + laneOf(columns, node.position.x) * (grid.width + grid.gapX),
      y: MARGIN + laneOf(rows, node.position.y) * (grid.height + grid.gapY),
    },
  }));
}

/** The size of the picture that holds all nodes. */
export function extentOf(nodes: readonly DrawnNode[], card: Extent): Extent {
  const right = Math.max(0, ...nodes.map((node) => node.position.x));
  const bottom = Math.max(0, ...nodes.map((node) => node.position.y));
  return { width: right + card.width + MARGIN, height: bottom + card.height + MARGIN };
}

/** Smooth lines from the right of one card to the left of the next. */
export function edgePaths(
  nodes: readonly DrawnNode[],
  edges: readonly DrawnEdge[],
  card: Extent,
): readonly EdgePath[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return edges.flatMap((edge) => {
    const from = byId.get(edge.from);
    const to = byId.get(edge.to);
    return from && to ? [pathBetween(from, to, edge.label ?? '', card)] : [];
  });
}

function pathBetween(from: DrawnNode, to: DrawnNode, label: string, card: Extent): EdgePath {
  const x1 = from.position.x + card.width;
  const y1 = from.position.y + card.height / 2;
  const x2 = to.position.x;
  const y2 = to.position.y + card.height / 2;
  const bend = Math.max(card.height / 3, Math.min(Math.abs(x2 - x1) / 2, card.width / 2));
  return {
    d: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
    label,
    labelX: x1 + 18,
    labelY: y1 + (y2 > y1 ? 18 : -8),
    passed: from.status === 'succeeded' && !['pending', 'skipped'].includes(to.status ?? 'pending'),
  };
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
