import { TestBed } from '@angular/core/testing';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { EMPTY_GRAPH, type PipelineGraph } from '../domain/graph';
import { toText } from '../domain/clipboard';
import type { Command } from '../domain/history';
import { ClipboardActions } from './clipboard-actions';
import { EditorActions } from './editor-actions';
import { EditorStore } from './editor-store';
import { EditorUi } from './editor-ui';

const many = (count: number): PipelineGraph => ({
  ...EMPTY_GRAPH,
  nodes: Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      `n${n}`,
      {
        id: `n${n}`,
        agentType: 'market_data_agent',
        name: null,
        config: {},
        position: { x: n, y: n },
        pinned: false,
      },
    ]),
  ),
});

describe('ClipboardActions', () => {
  let graph: PipelineGraph;
  let selected: () => ReadonlySet<string>;
  let clipboard: ClipboardActions;
  const actions = { do: vi.fn(), say: vi.fn(), tell: vi.fn() };

  beforeEach(() => {
    vi.clearAllMocks();
    graph = EMPTY_GRAPH;
    selected = () => new Set(Object.keys(graph.nodes));
    actions.do.mockReset();
    const store = {
      graph: () => graph,
      selected: () => selected(),
      select: () => undefined,
    };
    TestBed.configureTestingModule({
      providers: [
        ClipboardActions,
        { provide: AgentCatalogue, useValue: { byType: () => new Map() } },
        { provide: EditorStore, useValue: store },
        { provide: EditorUi, useValue: { canvas: () => null } },
        { provide: EditorActions, useValue: actions },
      ],
    });
    clipboard = TestBed.inject(ClipboardActions);
  });

  it('draws what a pipeline has room for', () => {
    expect(clipboard.paste(toText(many(1000)))).toBe(true);
    expect(actions.do).toHaveBeenCalledOnce();
    expect(actions.tell).not.toHaveBeenCalled();
  });

  it('draws nothing of what it has no room for, and says how many that is', () => {
    expect(clipboard.paste(toText(many(1001)))).toBe(true);
    graph = many(501);
    clipboard.duplicate();
    expect(actions.do).not.toHaveBeenCalled();
    const said = actions.tell.mock.calls.map(([text]) => String(text));
    expect(said[0]).toContain('1,001');
    expect(said[1]).toContain('1,002');
  });

  it('puts copies where they cover neither what they are of nor each other', () => {
    actions.do.mockImplementation(({ change }: Command) => {
      graph = structuredClone(graph);
      change?.(graph as never);
    });
    graph = many(1);
    const [text, only] = [toText(graph), new Set(['n0'])];
    selected = () => only;
    clipboard.paste(text);
    clipboard.copy();
    clipboard.paste(text);
    clipboard.duplicate();
    const places = Object.values(graph.nodes).map(({ position }) => [position.x, position.y]);
    expect(places).toEqual([
      [0, 0],
      [32, 104],
      [64, 208],
      [96, 312],
    ]);
  });

  it('puts what another pipeline had in the middle, and the same once more beside that', () => {
    actions.do.mockImplementation(({ change }: Command) => {
      graph = structuredClone(graph);
      change?.(graph as never);
    });
    const text = toText(many(1));
    clipboard.paste(text);
    clipboard.paste(text);
    const places = Object.values(graph.nodes).map(({ position }) => [position.x, position.y]);
    expect(places).toEqual([
      [0, 0],
      [32, 104],
    ]);
  });

  it('says that what was copied is damaged, and leaves other text alone', () => {
    const damaged = toText(many(1)).replace('"edges":{}', '"edges":null');
    expect(clipboard.paste(damaged)).toBe(true);
    expect(actions.tell).toHaveBeenCalledOnce();
    expect(clipboard.paste('Hello')).toBe(false);
    expect(actions.do).not.toHaveBeenCalled();
  });
});
