import { graphOf, node, TEST_CATALOGUE } from './testing';
import { boundsOf, fitAll, openingView, panToShow, type Viewport } from './viewport';

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

  it('opens a long graph at its first node, no word of a card smaller than 11 px', () => {
    const view = openingView(chain(7), TEST_CATALOGUE, WINDOW);
    expect(12 * view.scale).toBeGreaterThanOrEqual(11);
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

describe('bringing a card into view', () => {
  const card = (x: number, y = 100) => ({ x, y, w: 232, h: 72 });
  it.each([
    ['seen whole', card(300), 0, 0],
    ['cut by the right edge', card(980), -160, 0],
    ['cut by the left edge', card(-50), 98, 0],
    ['below the window', card(300, 690), 0, -110],
    ['larger than the window', { x: 500, y: 100, w: 2000, h: 72 }, -452, 0],
  ])('moves the canvas no further than it must for one %s', (_, box, x, y) => {
    const by = panToShow(box, WINDOW);
    expect(by).toEqual({ x, y });
  });
});
