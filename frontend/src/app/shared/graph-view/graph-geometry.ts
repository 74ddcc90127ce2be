/** A node as it is drawn: position in px of the editor's canvas, top left corner. */
export interface DrawnNode {
  readonly id: string;
  readonly name: string;
  readonly icon: string;
  readonly category: string;
  readonly position: { readonly x: number; readonly y: number };
  /** State in a run; absent outside one. */
  readonly status?: string;
  /** One short line under the name. */
  readonly note?: string;
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

export const NODE_WIDTH = 232;
export const NODE_HEIGHT = 72;
const MARGIN = 24;
const MIN_BEND = 40;

/** The SVG view box that holds all nodes. */
export function viewBoxOf(nodes: readonly DrawnNode[]): string {
  if (nodes.length === 0) return `0 0 ${NODE_WIDTH} ${NODE_HEIGHT}`;
  const xs = nodes.map((node) => node.position.x);
  const ys = nodes.map((node) => node.position.y);
  const left = Math.min(...xs) - MARGIN;
  const top = Math.min(...ys) - MARGIN;
  const width = Math.max(...xs) + NODE_WIDTH + MARGIN - left;
  const height = Math.max(...ys) + NODE_HEIGHT + MARGIN - top;
  return `${left} ${top} ${width} ${height}`;
}

/** Smooth lines from the right of one node to the left of the next. */
export function edgePaths(
  nodes: readonly DrawnNode[],
  edges: readonly DrawnEdge[],
): readonly EdgePath[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return edges.flatMap((edge) => {
    const from = byId.get(edge.from);
    const to = byId.get(edge.to);
    return from && to ? [pathBetween(from, to, edge.label ?? '')] : [];
  });
}

function pathBetween(from: DrawnNode, to: DrawnNode, label: string): EdgePath {
  const x1 = from.position.x + NODE_WIDTH;
  const y1 = from.position.y + NODE_HEIGHT / 2;
  const x2 = to.position.x;
  const y2 = to.position.y + NODE_HEIGHT / 2;
  const bend = Math.max(MIN_BEND, Math.abs(x2 - x1) / 2);
  return {
    d: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
    label,
    labelX: (x1 + x2) / 2,
    labelY: (y1 + y2) / 2 - 6,
    passed: from.status === 'succeeded' && !['pending', 'skipped'].includes(to.status ?? 'pending'),
  };
}
