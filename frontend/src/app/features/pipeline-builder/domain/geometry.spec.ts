import { edgeNear } from './geometry';
import { NODE_HEIGHT, NODE_WIDTH } from './graph';
import { graphOf, node, TEST_CATALOGUE } from './testing';

describe('the edge near a point', () => {
  const at = (id: string, x: number, y: number) => ({ ...node(id), position: { x, y } });
  const FAR = 1_600;
  const MIDDLE = { x: (NODE_WIDTH + FAR) / 2, y: NODE_HEIGHT / 2 };
  const ends = [at('manual_trigger', 0, 0), at('market_data', FAR, 0)];
  const EDGE = 'manual_trigger>market_data';
  const loose = at('report', MIDDLE.x - NODE_WIDTH / 2, 0);

  it('is the long one that a loose card was dropped on, though edges run around cards', () => {
    const graph = graphOf([...ends, loose], EDGE);
    const [edge] = Object.keys(graph.edges);
    expect(edgeNear(graph, TEST_CATALOGUE, MIDDLE)).toBeNull();
    expect(edgeNear(graph, TEST_CATALOGUE, MIDDLE, 'report')).toBe(edge);
  });

  it('is none of the edges of the card itself', () => {
    const graph = graphOf([...ends, loose], 'manual_trigger>report');
    expect(edgeNear(graph, TEST_CATALOGUE, MIDDLE, 'report')).toBeNull();
  });

  it('is none when the point is far from all', () => {
    const graph = graphOf([...ends], EDGE);
    expect(edgeNear(graph, TEST_CATALOGUE, { ...MIDDLE, y: 400 })).toBeNull();
  });
});
