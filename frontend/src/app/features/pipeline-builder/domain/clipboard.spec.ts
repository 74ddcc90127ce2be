import { fromText, partsOf, tooMuch, toText, withNewNames } from './clipboard';
import type { PipelineEdge, PipelineGraph, PipelineNode } from './graph';
import { EMPTY_GRAPH } from './graph';
import { graphOf, node as nodeOf, TEST_CATALOGUE } from './testing';

const node = (id: string): PipelineNode => ({
  id,
  agentType: 'market_data_agent',
  name: null,
  config: { days: 5 },
  position: { x: 1, y: 2 },
  pinned: false,
});
const NOTE = { id: 'm', text: 'Hello', position: { x: 0, y: 0 }, size: { w: 240, h: 120 } };
const EDGE: PipelineEdge = { id: 'a||b', from: 'a', fromPort: null, to: 'b' };
const GRAPH: PipelineGraph = {
  nodes: { a: node('a'), b: node('b') },
  edges: { [EDGE.id]: EDGE },
  notes: { m: NOTE },
};

const many = (count: number): PipelineGraph => ({
  ...EMPTY_GRAPH,
  nodes: Object.fromEntries(Array.from({ length: count }, (_, n) => [`n${n}`, node(`n${n}`)])),
});

describe('copied text', () => {
  it('is read as it was written', () => {
    const parts = partsOf(GRAPH, new Set(['a', 'b', 'm']));
    expect(fromText(toText(parts))).toEqual(GRAPH);
  });

  it.each(['', 'Hello', 'null', '[]', '7', '{"format":"other"}', '{"nodes":{}}'])(
    "is somebody else's: %s",
    (text) => expect(fromText(text)).toBeNull(),
  );

  const written = JSON.parse(toText(GRAPH)) as Record<string, unknown>;
  const withNode = (change: object) => ({ nodes: { a: { ...node('a'), ...change } } });
  const withNote = (change: object) => ({ notes: { m: { ...NOTE, ...change } } });
  it.each([
    { nodes: null },
    { nodes: undefined },
    { nodes: [] },
    { nodes: { a: null } },
    { edges: null },
    { edges: [] },
    { edges: { e: null } },
    { edges: { e: { ...EDGE, from: 7 } } },
    { edges: { e: { ...EDGE, fromPort: {} } } },
    { notes: null },
    { notes: { m: 'text' } },
    withNote({ position: undefined }),
    withNote({ position: { x: '1', y: 2 } }),
    withNote({ text: null }),
    withNote({ size: { w: 0, h: 120 } }),
    withNote({ size: null }),
    withNode({ config: null }),
    withNode({ config: [] }),
    withNode({ agentType: '' }),
    withNode({ name: 7 }),
    withNode({ pinned: 'yes' }),
    withNode({ position: null }),
    withNode({ position: { x: 1_000_001, y: 0 } }),
  ])('is damaged: %j', (change) => {
    expect(fromText(JSON.stringify({ ...written, ...change }))).toBe('damaged');
  });

  it('brings nothing along that the editor does not know', () => {
    const text = JSON.stringify({ ...written, ...withNode({ secret: 1 }), more: 2 });
    expect(fromText(text)).toEqual({ ...GRAPH, nodes: { a: node('a') } });
  });
});

describe('copies', () => {
  const named = (id: string, name: string | null) => ({ ...nodeOf(id, 'strategy'), name });
  const names = (parts: PipelineGraph, graph: PipelineGraph) =>
    Object.values(withNewNames(parts, graph, TEST_CATALOGUE).nodes).map(({ name }) => name);

  it('are numbered, each by itself', () => {
    const graph = graphOf([named('a', null)]);
    expect(names(graph, graph)).toEqual(['Strategy 2']);
    const two = graphOf([named('a', null), named('b', 'Strategy 2')]);
    expect(names(two, two)).toEqual(['Strategy 3', 'Strategy 4']);
  });

  it('count on from their own name, and not from a number that belongs to it', () => {
    const graph = graphOf([named('a', 'RSI 14')]);
    expect(names(graph, graph)).toEqual(['RSI 14 2']);
  });

  it('keep their names where nothing else has them', () => {
    expect(names(graphOf([named('a', null)]), EMPTY_GRAPH)).toEqual([null]);
  });
});

describe('tooMuch', () => {
  it('lets in what the API takes', () => {
    expect(tooMuch(EMPTY_GRAPH, many(1000))).toBeNull();
    expect(tooMuch(many(600), many(400))).toBeNull();
    expect(tooMuch(many(1200), { ...EMPTY_GRAPH, notes: { m: NOTE } })).toBeNull();
  });

  it('names how many there would be and what to do', () => {
    const said = tooMuch(many(600), many(401));
    expect(said).toContain('takes 1,000 nodes, and with these it would have 1,001.');
    expect(said).toContain('choose fewer');
  });

  it('counts notes and connections, too', () => {
    const edges = Object.fromEntries(
      Array.from({ length: 10_001 }, (_, n) => [`${n}`, { ...EDGE, id: `${n}` }]),
    );
    expect(tooMuch(EMPTY_GRAPH, { ...EMPTY_GRAPH, edges })).toContain('10,000 connections');
    const notes = Object.fromEntries(
      Array.from({ length: 1_001 }, (_, n) => [`${n}`, { ...NOTE, id: `${n}` }]),
    );
    expect(tooMuch(EMPTY_GRAPH, { ...EMPTY_GRAPH, notes })).toContain('1,000 notes');
  });
});
