import { arcsOf, type Box, crosses, pointsAlong, routeWires, type Wire } from './edge-route';

const W = 232;
const H = 72;

function card(x: number, y: number): Box {
  return { x, y, w: W, h: H };
}

function wire(id: string, from: Box, to: Box): Wire {
  return {
    id,
    side: 'right',
    start: { x: from.x + W, y: from.y + H / 2 },
    end: { x: to.x, y: to.y + H / 2 },
  };
}

function drawn(wires: readonly Wire[], boxes: readonly Box[]) {
  const routes = routeWires(wires, boxes);
  return wires.map((item) => pointsAlong(arcsOf(item, routes.get(item.id)!)));
}

describe('the way of an edge', () => {
  const first = card(0, 0);
  const between = card(300, 0);
  const last = card(600, 0);
  const row = [first, between, last];

  it('is one smooth curve while nothing is in the way', () => {
    const routes = routeWires([wire('a', first, between), wire('b', between, last)], row);
    expect([...routes.values()]).toEqual([[], []]);
  });

  it('goes around a card that lies between its ends', () => {
    const past = wire('a', first, last);
    expect(crosses(pointsAlong(arcsOf(past, [])), between)).toBe(true);
    const [points] = drawn([past], row);
    expect(crosses(points!, between)).toBe(false);
    expect(points![0]).toEqual(past.start);
    expect(points!.at(-1)).toEqual(past.end);
  });

  it('keeps lanes apart, so that two edges never read as one', () => {
    const far = card(900, 0);
    const routes = routeWires([wire('a', first, last), wire('b', first, far)], [...row, far]);
    const [a, b] = [...routes.values()].map((bends) => bends[0]!.y);
    expect(Math.abs(a! - b!)).toBeGreaterThanOrEqual(12);
  });

  it('goes back around both of its own cards', () => {
    const [points] = drawn([wire('a', last, first)], row);
    const inside = { x: 5, y: 5, w: W - 10, h: H - 10 };
    for (const { x, y } of row)
      expect(crosses(points!, { ...inside, x: x + inside.x, y: y + inside.y })).toBe(false);
  });

  it('leaves by the bottom of a card without running over it', () => {
    const below = card(300, 200);
    const error: Wire = { ...wire('a', first, below), side: 'bottom', start: { x: 194, y: H } };
    const [points] = drawn([error], [first, below]);
    expect(crosses(points!, first, -3)).toBe(false);
  });
});
