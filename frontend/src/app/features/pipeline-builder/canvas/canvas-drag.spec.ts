import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import type { Verdict } from '../domain/connect';
import { graphOf, node, TEST_CATALOGUE } from '../domain/testing';
import { EditorActions } from '../state/editor-actions';
import { EditorStore } from '../state/editor-store';
import { EditorUi } from '../state/editor-ui';
import { PipelineDocument } from '../state/pipeline-document';
import { RunFreshness } from '../state/run-freshness';
import { RunStore } from '../state/run-store';
import { CanvasDrag } from './canvas-drag';
import { CanvasIndex } from './canvas-index';
import { connectionDomId, inputId, outputId } from './connector-ids';

const NODES = ['manual_trigger', 'market_data', 'bias', 'strategy', 'report'].map((id) => node(id));
const GRAPH = graphOf(NODES, 'market_data>strategy', 'bias:bullish>report');
const [PLAIN, NAMED] = Object.values(GRAPH.edges);
const AT = { x: 10, y: 20 };

describe('a drag on the canvas', () => {
  const verdicts = signal<ReadonlyMap<string, Verdict> | null>(null);
  let drag: CanvasDrag;
  let index: CanvasIndex;
  let did: unknown[][];
  let under: string | null;

  beforeEach(() => {
    [did, under] = [[], null];
    verdicts.set(null);
    document.elementFromPoint = () => {
      const card = document.createElement('div');
      if (under) card.setAttribute('data-f-node-id', under);
      return card.appendChild(document.createElement('span'));
    };
    const edges = () => Object.values(GRAPH.edges);
    TestBed.configureTestingModule({
      providers: [
        CanvasDrag,
        CanvasIndex,
        { provide: AgentCatalogue, useValue: { byType: () => TEST_CATALOGUE } },
        { provide: EditorStore, useValue: { graph: () => GRAPH, edges } },
        { provide: EditorUi, useValue: { verdicts } },
        {
          provide: EditorActions,
          useValue: {
            connect: (...of: unknown[]) => did.push(['connect', ...of]),
            offerNext: (...of: unknown[]) => did.push(['offer', ...of]),
          },
        },
        { provide: PipelineDocument, useValue: { trigger: () => ({ kind: 'manual' }) } },
        { provide: RunFreshness, useValue: { stale: () => new Set() } },
        { provide: RunStore, useValue: { view: () => null } },
      ],
    });
    drag = TestBed.inject(CanvasDrag);
    index = TestBed.inject(CanvasIndex);
  });

  afterEach(() => Reflect.deleteProperty(document, 'elementFromPoint'));

  const refused = () => {
    const judged = [...(verdicts() ?? [])];
    return judged.flatMap(([id, verdict]) => (verdict.ok ? [] : [`${id}: ${verdict.code}`]));
  };

  it('of cards names those under way, and judges nothing', () => {
    drag.start({ kind: 'drag-node', data: { fNodeIds: ['bias', 'report'] } });
    expect([[...index.moving()], verdicts()]).toEqual([['bias', 'report'], null]);
    drag.end();
    expect(index.moving().size).toBe(0);
  });

  it('of a new edge judges every node as its target, until it ends', () => {
    const fOutputOrOutletId = outputId('market_data', 'out');
    drag.start({ kind: 'create-connection', data: { fOutputOrOutletId } });
    expect(refused()).toEqual([
      'manual_trigger: into_trigger',
      'market_data: self',
      'strategy: duplicate',
    ]);
    drag.end();
    expect(verdicts()).toBeNull();
  });

  it('of an edge’s end judges from the port that it leaves by', () => {
    const fConnectionId = connectionDomId(NAMED!.id);
    drag.start({ kind: 'reassign-connection', data: { fConnectionId } });
    expect(refused()).toEqual(['manual_trigger: into_trigger', 'bias: self', 'report: duplicate']);
  });

  it('of anything else judges nothing', () => {
    drag.start({ kind: 'create-connection', data: {} });
    drag.start({ kind: 'reassign-connection', data: { fConnectionId: 'edge-gone' } });
    drag.start({ kind: 'selection-area', data: undefined });
    expect(verdicts()).toBeNull();
  });

  describe('of a new edge', () => {
    const draw = (port: string, targetId?: string) =>
      drag.connect({ sourceId: outputId('bias', port), targetId, dropPosition: AT });

    it('connects the port with the input that it is dropped on', () => {
      draw('bullish', inputId('strategy'));
      expect(did).toEqual([['connect', { from: 'bias', fromPort: 'bullish', to: 'strategy' }, AT]]);
    });

    it('connects with the card that it is dropped on, and stores no name for the plain port', () => {
      under = 'strategy';
      draw('out');
      expect(did).toEqual([['connect', { from: 'bias', fromPort: null, to: 'strategy' }, AT]]);
    });

    it('offers what may come next where there is no card', () => {
      draw('bullish');
      expect(did).toEqual([['offer', 'bias', 'bullish', AT]]);
    });
  });

  describe('of an edge’s end', () => {
    const ends = { connectionId: connectionDomId(PLAIN!.id), dropPosition: AT };
    const toTarget = (nextTargetId?: string) =>
      drag.reconnect({ ...ends, endpoint: 'target', nextTargetId, nextSourceId: undefined });
    const toSource = (nextSourceId?: string) =>
      drag.reconnect({ ...ends, endpoint: 'source', nextSourceId, nextTargetId: undefined });

    it('leads it to another node, in place of the edge as it was', () => {
      toTarget(inputId('report'));
      under = 'bias';
      toTarget();
      expect(did).toEqual([
        ['connect', { ...PLAIN, to: 'report' }, AT, PLAIN!.id],
        ['connect', { ...PLAIN, to: 'bias' }, AT, PLAIN!.id],
      ]);
    });

    it('leads it from another port', () => {
      toSource(outputId('bias', 'bearish'));
      const connection = { from: 'bias', fromPort: 'bearish', to: 'strategy' };
      expect(did).toEqual([['connect', connection, AT, PLAIN!.id]]);
    });

    it('leaves it as it was when it is dropped where it was, or nowhere', () => {
      toTarget(inputId('strategy'));
      toTarget();
      toSource();
      drag.reconnect({
        connectionId: 'edge-gone',
        endpoint: 'target',
        nextTargetId: inputId('report'),
        nextSourceId: undefined,
        dropPosition: AT,
      });
      expect(did).toEqual([]);
    });
  });
});
