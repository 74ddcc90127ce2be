import { graphOf, node, TEST_CATALOGUE } from './testing';
import { boundsOf, fitAll, openingView, type Viewport } from './viewport';

const WINDOW = { w: 1100, h: 700 };

function chain(count: number) {
  const nodes = Array.from({ length: count }, (_, i) => ({
    ...node(`n${i}`, 'condition'),
    position: { x: 80 + i * 300, y: 220 },
  }));
  return graphOf(nodes, ...nodes.slice(1).map(({ id }, i) => `n${i}:true>${id}`));
}

function onScreen({ scale, position }: Viewport, x: number): number {
  return x * scale + position.x;
}

describe('viewport', () => {
  it('fits a small graph in the middle without blowing it up', () => {
    const view = openingView(chain(2), TEST_CATALOGUE, WINDOW);
    expect(view.scale).toBe(1);
    expect(onScreen(view, 80)).toBe((1100 - 532) / 2);
  });

  it('opens a long graph at its first node, large enough to read', () => {
    const view = openingView(chain(7), TEST_CATALOGUE, WINDOW);
    expect(view.scale).toBe(0.7);
    expect(onScreen(view, 80)).toBeCloseTo(32);
    expect(onScreen(view, 80 + 6 * 300)).toBeGreaterThan(1100);
  });

  it('fits everything when asked, however small', () => {
    const bounds = boundsOf(chain(7), TEST_CATALOGUE)!;
    const view = fitAll(bounds, WINDOW);
    expect(view.scale).toBeLessThan(0.7);
    expect(onScreen(view, 80)).toBeCloseTo(32);
    expect(onScreen(view, 80 + 6 * 300 + 232)).toBeCloseTo(1100 - 32);
  });

  it('keeps the first node of a tall graph in sight', () => {
    const nodes = Array.from({ length: 30 }, (_, i) => ({
      ...node(`n${i}`, 'condition'),
      position: { x: 0, y: (29 - i) * 112 },
    }));
    const graph = graphOf(nodes);
    const view = openingView(graph, TEST_CATALOGUE, WINDOW);
    const top = 29 * 112 * view.scale + view.position.y;
    expect(top).toBeGreaterThan(0);
    expect(top).toBeLessThan(700);
  });

  it('has nothing to fit in an empty graph', () => {
    expect(boundsOf(graphOf([]), TEST_CATALOGUE)).toBeNull();
    expect(openingView(graphOf([]), TEST_CATALOGUE, WINDOW).scale).toBe(1);
  });
});
