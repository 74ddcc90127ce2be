import { compact, type DrawnNode, edgePaths, extentOf } from './graph-geometry';

const GRID = { width: 100, height: 40, gapX: 20, gapY: 10 };

function node(id: string, x: number, y: number): DrawnNode {
  return { id, name: id, icon: 'bolt', category: 'data', position: { x, y } };
}

describe('graph geometry', () => {
  it('keeps the order of columns and rows on a tight grid', () => {
    const placed = compact([node('a', 0, 100), node('b', 900, 90), node('c', 905, 400)], GRID);
    expect(placed.map((item) => item.position)).toEqual([
      { x: 8, y: 8 },
      { x: 128, y: 8 },
      { x: 128, y: 58 },
    ]);
    expect(extentOf(placed, GRID)).toEqual({ width: 236, height: 106 });
  });

  it('leaves out edges that lead nowhere', () => {
    const edges = [
      { from: 'a', to: 'b' },
      { from: 'a', to: 'gone' },
    ];
    expect(edgePaths([node('a', 0, 0), node('b', 200, 0)], edges, GRID)).toHaveLength(1);
  });
});
