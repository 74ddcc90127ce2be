import { compact, edgePaths } from '@shared/graph-view/graph-geometry';
import { arcsOf, type Box, crosses, pointsAlong, routeWires } from '@shared/graph-view/edge-route';
import shipped from '../../../../../templates.json';
import { drawnEdges, drawnNodes } from '@core/graph/draw-graph';
import type { AgentOut, Graph } from '@core/api';
import { type AgentSpec, catalogueOf } from './catalogue';
import { wiring } from './geometry';
import { type ApiGraph, fromApi } from './graph';

const AGENTS = shipped.agents as unknown as (AgentSpec & AgentOut)[];
const TEMPLATES = shipped.templates.map(({ slug, graph }) => [slug, graph] as const);

describe.each(TEMPLATES)('the template %s', (_, stored) => {
  const catalogue = catalogueOf(AGENTS);
  const { graph } = fromApi(stored as ApiGraph);
  const { wires, boxes } = wiring(graph, catalogue);
  const routes = routeWires(wires, boxes);

  it('has an edge for every connection', () => {
    expect(wires).toHaveLength(stored.edges.length);
  });

  it('is placed so that no edge needs a detour', () => {
    expect([...routes.values()].filter((bends) => bends.length)).toEqual([]);
  });

  it('draws no edge over a card that is not its end, nor over its note', () => {
    const notes = Object.values(graph.notes).map(
      ({ position, size }): Box => ({ ...position, ...size }),
    );
    for (const wire of wires) {
      const { from, to } = graph.edges[wire.id]!;
      const points = pointsAlong(arcsOf(wire, routes.get(wire.id) ?? []));
      const others = Object.keys(graph.nodes).flatMap((id, i) =>
        id === from || id === to ? [] : boxes[i]!,
      );
      for (const box of [...others, ...notes])
        expect(crosses(points, box), `${wire.id} over ${JSON.stringify(box)}`).toBe(false);
    }
  });

  it('is not drawn wrong in little either, labels included', () => {
    const grid = { width: 168, height: 56, gapX: 40, gapY: 20 };
    const agents = new Map(AGENTS.map((agent) => [agent.agent_type, agent]));
    const edges = drawnEdges(stored as Graph, agents);
    const nodes = compact(drawnNodes(stored as Graph, agents), grid, edges);
    const cards = nodes.map(({ id, position }) => ({ id, ...position, w: 168, h: 56 }));
    for (const [i, path] of edgePaths(nodes, edges, grid).entries()) {
      const { from, to } = edges[i]!;
      const label = { x: path.labelX, y: path.labelY - 8, w: path.label.length * 6, h: 16 };
      for (const card of cards) {
        if (path.label) expect(overlaps(label, card), path.label).toBe(false);
        if (card.id !== from && card.id !== to)
          expect(crosses(path.points, card), `${from} to ${to} over ${card.id}`).toBe(false);
      }
    }
  });
});

function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
