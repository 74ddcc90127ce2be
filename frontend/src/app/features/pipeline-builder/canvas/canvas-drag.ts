import { inject, Service } from '@angular/core';
import type {
  FCreateConnectionEvent,
  FDragStartedEvent,
  FReassignConnectionEvent,
} from '@foblex/flow';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { storedPort } from '../domain/catalogue';
import { verdictsFrom } from '../domain/connect';
import type { Point } from '../domain/graph';
import { EditorActions } from '../state/editor-actions';
import { EditorStore } from '../state/editor-store';
import { EditorUi } from '../state/editor-ui';
import { CanvasIndex } from './canvas-index';
import { endOfOutput, nodeOfInput } from './connector-ids';

// Of the library's events, what is used here.
type DragStart = Pick<FDragStartedEvent, 'kind' | 'data'>;
type NewEdge = Pick<FCreateConnectionEvent, 'sourceId' | 'targetId' | 'dropPosition'>;
type MovedEnd = Pick<
  FReassignConnectionEvent,
  'connectionId' | 'endpoint' | 'nextSourceId' | 'nextTargetId' | 'dropPosition'
>;

/** What the library tells of a drag, in the graph's terms: nodes under way, edges drawn and moved. */
@Service({ autoProvided: false })
export class CanvasDrag {
  private readonly store = inject(EditorStore);
  private readonly catalogue = inject(AgentCatalogue);
  private readonly ui = inject(EditorUi);
  private readonly actions = inject(EditorActions);
  private readonly index = inject(CanvasIndex);

  start({ kind, data }: DragStart): void {
    if (kind === 'drag-node')
      this.index.moving.set(new Set((data as { fNodeIds?: string[] }).fNodeIds));
    const source = this.sourceOf(kind, data);
    if (!source) return;
    const { nodeId, port } = endOfOutput(source);
    const [graph, agents] = [this.store.graph(), this.catalogue.byType()];
    this.ui.verdicts.set(verdictsFrom(graph, agents, nodeId, this.stored(nodeId, port)));
  }

  end(): void {
    this.ui.verdicts.set(null);
    this.index.moving.set(new Set());
  }

  connect({ sourceId, targetId, dropPosition }: NewEdge): void {
    const { nodeId, port } = endOfOutput(sourceId);
    const to = targetId ? nodeOfInput(targetId) : nodeAt(dropPosition);
    const fromPort = this.stored(nodeId, port);
    if (to) this.actions.connect({ from: nodeId, fromPort, to }, dropPosition);
    else this.actions.offerNext(nodeId, port, dropPosition);
  }

  reconnect(event: MovedEnd): void {
    const edge = this.index.edgeByDomId().get(event.connectionId);
    if (!edge) return;
    if (event.endpoint === 'target') {
      const to = event.nextTargetId ? nodeOfInput(event.nextTargetId) : nodeAt(event.dropPosition);
      if (to && to !== edge.to) this.actions.connect({ ...edge, to }, event.dropPosition, edge.id);
    } else if (event.nextSourceId) {
      const { nodeId, port } = endOfOutput(event.nextSourceId);
      const connection = { from: nodeId, fromPort: this.stored(nodeId, port), to: edge.to };
      this.actions.connect(connection, event.dropPosition, edge.id);
    }
  }

  /** The output that an edge under way leaves by; null for another kind of drag. */
  private sourceOf(kind: string, data: unknown): string | null {
    if (kind === 'create-connection')
      return (data as { fOutputOrOutletId?: string }).fOutputOrOutletId ?? null;
    if (kind !== 'reassign-connection') return null;
    const domId = (data as { fConnectionId?: string }).fConnectionId;
    return this.index.edges().find((edge) => edge.domId === domId)?.source ?? null;
  }

  private stored(nodeId: string, port: string): string | null {
    const node = this.store.graph().nodes[nodeId];
    return storedPort(port, this.catalogue.byType().get(node?.agentType ?? ''));
  }
}

function nodeAt({ x, y }: Point): string | null {
  const found = document.elementFromPoint(x, y)?.closest('[data-f-node-id]');
  return found?.getAttribute('data-f-node-id') ?? null;
}
