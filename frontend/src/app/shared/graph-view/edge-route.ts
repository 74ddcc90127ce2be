/**
 * How edges run between cards: level out of a port, around every card that is not an end of theirs,
 * level into the next. The editor and every picture of a pipeline draw them with this.
 */

export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** A card: top left corner and size, in px. */
export interface Box extends Spot {
  readonly w: number;
  readonly h: number;
}

/** The side of a card that an edge leaves by. It enters the next one from the left. */
export type Side = 'right' | 'bottom';

/** An edge before it is drawn. */
export interface Wire {
  readonly id: string;
  readonly start: Spot;
  readonly side: Side;
  readonly end: Spot;
}

/** The two ends of the level part of a detour; none for an edge that needs no detour. */
export type Bends = readonly [] | readonly [Spot, Spot];

/** One cubic curve. */
export interface Arc {
  readonly a: Spot;
  readonly b: Spot;
  readonly c: Spot;
  readonly d: Spot;
}

const STRAIGHT: Bends = [];
/** Free px above and below a lane; a card's time and cost stand under it. */
const ROOM_ABOVE = 14;
const ROOM_BELOW = 26;
/** Px between two lanes. */
const BETWEEN_LANES = 12;
const LANES = 4;
/** Px in which an edge goes over to its lane, the best first. */
const RUN_UPS = [44, 30, 20];
/** How far an edge swings out to turn back. */
const SWING = 44;
const LEAST_BEND = 24;
/** How close an edge may come to a card that is not its end. */
const MARGIN = 3;
const SAMPLES = 14;

interface Lane {
  readonly y: number;
  readonly left: number;
  readonly right: number;
}

/** Where each wire has to go around cards. Each detour gets a lane that no other one uses. */
export function routeWires(
  wires: readonly Wire[],
  boxes: readonly Box[],
): ReadonlyMap<string, Bends> {
  const taken: Lane[] = [];
  const routes = new Map<string, Bends>();
  for (const wire of wires) {
    const bends = isFree(wire, STRAIGHT, boxes) ? STRAIGHT : detour(wire, boxes, taken);
    const [from, to] = bends;
    if (from && to) taken.push(laneOf(from, to));
    routes.set(wire.id, bends);
  }
  return routes;
}

/** The curves that an edge is drawn with. */
export function arcsOf({ start, side, end }: Omit<Wire, 'id'>, bends: Bends): readonly Arc[] {
  const [from, to] = bends;
  if (!from || !to) {
    const bend = Math.max(LEAST_BEND, Math.abs(end.x - start.x) / 2);
    return [{ a: start, b: leave(start, side, bend), c: right(end, -bend), d: end }];
  }
  const heading = to.x < from.x ? -1 : 1;
  const out = reach(start, from, heading);
  const back = reach(end, to, heading);
  return [
    { a: start, b: leave(start, side, out), c: right(from, -heading * out), d: from },
    level(from, to),
    { a: to, b: right(to, heading * back), c: right(end, -back), d: end },
  ];
}

/** The `d` of an SVG path. */
export function pathText(arcs: readonly Arc[]): string {
  const at = ({ x, y }: Spot) => `${round(x)} ${round(y)}`;
  const [first] = arcs;
  if (!first) return '';
  return `M${at(first.a)}` + arcs.map(({ b, c, d }) => ` C${at(b)} ${at(c)} ${at(d)}`).join('');
}

/** Points along an edge, close enough to each other to stand for it. */
export function pointsAlong(arcs: readonly Arc[]): readonly Spot[] {
  const points = arcs.slice(0, 1).map(({ a }) => a);
  for (const arc of arcs) for (let i = 1; i <= SAMPLES; i++) points.push(pointOf(arc, i / SAMPLES));
  return points;
}

/** Whether a line of points runs over a card, or within `margin` px of it. */
export function crosses(points: readonly Spot[], box: Box, margin = 0): boolean {
  const grown = {
    left: box.x - margin,
    right: box.x + box.w + margin,
    top: box.y - margin,
    bottom: box.y + box.h + margin,
  };
  return points.some((point, i) => {
    const before = points[i - 1];
    return before !== undefined && enters(before, point, grown);
  });
}

function detour(wire: Wire, boxes: readonly Box[], taken: readonly Lane[]): Bends {
  const { start, end } = wire;
  const way = (y: number) => Math.abs(y - start.y) + Math.abs(y - end.y);
  const levels = laneLevels(wire, boxes).sort((a, b) => way(a) - way(b));
  for (const y of levels) {
    for (const runUp of RUN_UPS) {
      const bends = bendsAt(wire, y, runUp);
      if (bends && isVacant(laneOf(...bends), taken) && isFree(wire, bends, boxes)) return bends;
    }
  }
  return STRAIGHT;
}

function laneLevels({ start, end }: Wire, boxes: readonly Box[]): number[] {
  const left = Math.min(start.x, end.x) - LEAST_BEND;
  const right = Math.max(start.x, end.x) + LEAST_BEND;
  const between = boxes.filter((box) => box.x < right && box.x + box.w > left);
  return [start.y, end.y].concat(
    between.flatMap(({ y, h }) =>
      Array.from({ length: LANES }, (_, lane) => [
        y - ROOM_ABOVE - lane * BETWEEN_LANES,
        y + h + ROOM_BELOW + lane * BETWEEN_LANES,
      ]).flat(),
    ),
  );
}

/** Forwards the lane lies between the ends; backwards it reaches over both of them. */
function bendsAt({ start, end }: Wire, y: number, runUp: number): readonly [Spot, Spot] | null {
  if (end.x <= start.x)
    return [
      { x: start.x, y },
      { x: end.x, y },
    ];
  if (end.x - start.x < 2 * runUp) return null;
  return [
    { x: start.x + runUp, y },
    { x: end.x - runUp, y },
  ];
}

/** Its own cards count too: an edge that goes back must not run over them. */
function isFree(wire: Wire, bends: Bends, boxes: readonly Box[]): boolean {
  const { start, end } = wire;
  const points = pointsAlong(arcsOf(wire, bends));
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  return !boxes.some((box) => {
    if (box.x > right + MARGIN || box.x + box.w < left - MARGIN) return false;
    if (box.y > bottom + MARGIN || box.y + box.h < top - MARGIN) return false;
    const own = touches(start, box) || touches(end, box);
    return crosses(points, box, own ? -MARGIN : MARGIN);
  });
}

function touches({ x, y }: Spot, box: Box): boolean {
  return x >= box.x - 1 && x <= box.x + box.w + 1 && y >= box.y && y <= box.y + box.h;
}

function laneOf(from: Spot, to: Spot): Lane {
  return { y: from.y, left: Math.min(from.x, to.x), right: Math.max(from.x, to.x) };
}

function isVacant(lane: Lane, taken: readonly Lane[]): boolean {
  return !taken.some(
    (other) =>
      Math.abs(other.y - lane.y) < BETWEEN_LANES &&
      other.left < lane.right &&
      other.right > lane.left,
  );
}

/** How far the handles of a curve between a port and a lane stand out. */
function reach(port: Spot, lane: Spot, heading: 1 | -1): number {
  return heading > 0 ? Math.abs(lane.x - port.x) * 0.6 : SWING;
}

function level(a: Spot, d: Spot): Arc {
  const third = (d.x - a.x) / 3;
  return { a, b: right(a, third), c: right(d, -third), d };
}

function leave(port: Spot, side: Side, by: number): Spot {
  return side === 'bottom' ? { x: port.x, y: port.y + by } : right(port, by);
}

function right({ x, y }: Spot, by: number): Spot {
  return { x: x + by, y };
}

function pointOf({ a, b, c, d }: Arc, t: number): Spot {
  const u = 1 - t;
  const mix = (axis: 'x' | 'y') =>
    u * u * u * a[axis] + 3 * u * u * t * b[axis] + 3 * u * t * t * c[axis] + t * t * t * d[axis];
  return { x: mix('x'), y: mix('y') };
}

interface Sides {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Whether the straight way from `a` to `b` leads through the inside of a rectangle. */
function enters(a: Spot, b: Spot, { left, right, top, bottom }: Sides): boolean {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  let [first, last] = [0, 1];
  const limits = [
    [-dx, a.x - left],
    [dx, right - a.x],
    [-dy, a.y - top],
    [dy, bottom - a.y],
  ] as const;
  for (const [slope, room] of limits) {
    if (slope === 0) {
      if (room <= 0) return false;
    } else if (slope < 0) first = Math.max(first, room / slope);
    else last = Math.min(last, room / slope);
  }
  return first < last;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
