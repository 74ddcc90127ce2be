import { compact, type DrawnEdge, type DrawnNode, edgePaths, extentOf } from './graph-geometry';

const GRID = { width: 100, height: 40, gapX: 20, gapY: 10 };

function node(id: string, x: number, y: number, run: Partial<DrawnNode> = {}): DrawnNode {
  return { id, name: id, icon: 'bolt', category: 'data', position: { x, y }, ...run };
}

function edge(from: string, to: string, port = 'out', rank = 0, label?: string): DrawnEdge {
  return { from, to, port, rank, label };
}

describe('graph geometry', () => {
  it('keeps the order of columns and rows on a tight grid', () => {
    const placed = compact([node('a', 0, 100), node('b', 900, 90), node('c', 905, 400)], GRID);
    expect(placed.map((item) => item.position)).toEqual([
      { x: 8, y: 8 },
      { x: 128, y: 8 },
      { x: 128, y: 58 },
    ]);
    expect(extentOf(placed, GRID)).toEqual({ top: 0, width: 236, height: 106 });
  });

  it('leaves out edges that lead nowhere', () => {
    const edges = [edge('a', 'b'), edge('a', 'gone')];
    expect(edgePaths([node('a', 0, 0), node('b', 200, 0)], edges, GRID)).toHaveLength(1);
  });

  it('makes room for labels in the gap, each on the edge of its own port', () => {
    const edges = [edge('a', 'b', 'yes', 0, 'Bullish'), edge('a', 'b', 'no', 1, 'Bearish')];
    const placed = compact([node('a', 0, 0), node('b', 300, 0)], GRID, edges);
    const [first, second] = edgePaths(placed, edges, GRID);
    const gap = { left: 8 + GRID.width, right: placed[1]!.position.x };
    for (const path of [first!, second!]) {
      expect(path.labelX).toBeGreaterThan(gap.left);
      expect(path.labelX + path.label.length * 6).toBeLessThan(gap.right - GRID.gapX);
    }
    expect(second!.labelY - first!.labelY).toBeGreaterThanOrEqual(14);
  });

  it('tells the way that was taken from those that were not', () => {
    const edges = [edge('a', 'b', 'bullish'), edge('a', 'b', 'bearish', 1), edge('b', 'c')];
    const nodes = [
      node('a', 0, 0, { status: 'succeeded', port: 'bearish' }),
      node('b', 300, 0, { status: 'succeeded', port: 'out' }),
      node('c', 600, 0, { status: 'succeeded' }),
    ];
    const flows = edgePaths(nodes, edges, GRID).map(({ flow }) => flow);
    expect(flows).toEqual(['skipped', 'taken', 'taken']);
  });

  it('shows what runs above the first row', () => {
    const row = [node('a', 0, 0), node('b', 300, 0), node('c', 600, 0)];
    const placed = compact(row, GRID);
    const paths = edgePaths(placed, [edge('a', 'c')], GRID);
    const { top, height } = extentOf(placed, GRID, paths);
    expect(top).toBeLessThanOrEqual(paths[0]!.top);
    expect(top + height).toBeGreaterThanOrEqual(paths[0]!.bottom);
  });
});
