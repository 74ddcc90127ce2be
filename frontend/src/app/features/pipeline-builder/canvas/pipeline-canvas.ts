import {
  afterNextRender,
  Component,
  computed,
  DestroyRef,
  effect,
  ElementRef,
  inject,
  Injector,
  signal,
  untracked,
  viewChild,
  ViewEncapsulation,
} from '@angular/core';
import {
  ConnectionWorkerState,
  FCanvasComponent,
  F_CONNECTION_BUILDERS,
  type FCreateNodeEvent,
  FFlowComponent,
  FFlowModule,
  type FMoveNodesEvent,
  type FSelectionChangeEvent,
  FZoomDirective,
} from '@foblex/flow';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import type { Bends } from '@shared/graph-view/edge-route';
import { moveTo, resizeNote } from '../domain/commands';
import { edgeNear } from '../domain/geometry';
import { GRID, NODE_HEIGHT, NODE_WIDTH, type Point, type Size } from '../domain/graph';
import { boundsOf, fitAll, openingView, panToShow, type Viewport } from '../domain/viewport';
import { EditorActions } from '../state/editor-actions';
import { EditorStore } from '../state/editor-store';
import { type CanvasView, EditorUi } from '../state/editor-ui';
import { CanvasDrag } from './canvas-drag';
import { CanvasIndex } from './canvas-index';
import { connectionDomId } from './connector-ids';
import { EdgeCurve } from './edge-curve';
import { NodeCard, type PortPress } from './node-card';
import { StickyNote } from './sticky-note';

/** From here on the small print of a card cannot be read, from there on nothing of it. */
const FAR_SCALE = 0.45;
const BLOCK_SCALE = 0.25;
/** Fewer cards are quick to paint, and keep their icons at any size. */
const MANY_NODES = 100;

/** Draws the graph that the store owns and reports gestures to it. The only home of the graph library. */
@Component({
  selector: 'k-pipeline-canvas',
  imports: [FFlowModule, FZoomDirective, NodeCard, StickyNote],
  providers: [
    CanvasDrag,
    CanvasIndex,
    { provide: F_CONNECTION_BUILDERS, useFactory: () => ({ lane: new EdgeCurve() }) },
  ],
  templateUrl: './pipeline-canvas.html',
  styleUrl: './pipeline-canvas.scss',
  encapsulation: ViewEncapsulation.None,
})
export class PipelineCanvas implements CanvasView {
  protected readonly store = inject(EditorStore);
  protected readonly index = inject(CanvasIndex);
  protected readonly drag = inject(CanvasDrag);
  private readonly ui = inject(EditorUi);
  private readonly actions = inject(EditorActions);
  private readonly catalogue = inject(AgentCatalogue);
  private readonly injector = inject(Injector);
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;

  private readonly flow = viewChild.required(FFlowComponent);
  private readonly edgeWorker = viewChild.required(FFlowComponent, { read: ConnectionWorkerState });
  private readonly canvas = viewChild.required(FCanvasComponent);
  private readonly zoomer = viewChild.required(FZoomDirective);

  protected readonly grid = GRID;
  /** A double click opens the settings; it must not zoom as well. */
  protected readonly never = () => false;
  protected readonly ready = signal(false);
  protected readonly scale = signal(1);
  protected readonly far = computed(() => this.scale() < FAR_SCALE);
  protected readonly blocks = computed(
    () => this.scale() < BLOCK_SCALE && this.store.nodes().length > MANY_NODES,
  );
  private readonly lastFocused = signal<string | null>(null);
  /** The one card that Tab stops at. */
  protected readonly tabStop = computed(() => {
    const { nodes, notes } = this.store.graph();
    const wanted = this.store.selectedItems()[0] ?? this.lastFocused();
    if (wanted && (wanted in nodes || wanted in notes)) return wanted;
    return this.store.nodes()[0]?.id ?? this.store.notes()[0]?.id ?? null;
  });
  /** The node that gets the focus once the canvas is shown. */
  private awaited: string | null = null;
  private gesture = 0;

  constructor() {
    this.ui.canvas.set(this);
    inject(DestroyRef).onDestroy(() => this.close());
    effect(() => this.showSelection(this.store.selection()));
  }

  fit(): void {
    const bounds = boundsOf(this.store.graph(), this.catalogue.byType());
    if (bounds) this.show(fitAll(bounds, this.windowSize()));
  }

  zoom(by: 'in' | 'out' | 'reset'): void {
    if (by === 'in') this.zoomer().zoomIn();
    else if (by === 'out') this.zoomer().zoomOut();
    else this.canvas().resetScaleAndCenter(true);
  }

  reveal(nodeId: string): void {
    afterNextRender(
      () => {
        const box = this.elementOf(nodeId)?.getBoundingClientRect();
        const view = this.host.getBoundingClientRect();
        const hidden =
          !box ||
          box.left < view.left ||
          box.right > view.right ||
          box.top < view.top ||
          box.bottom > view.bottom;
        if (hidden) this.canvas().centerGroupOrNode(nodeId, true);
      },
      { injector: this.injector },
    );
  }

  bringIn(nodeId: string): void {
    afterNextRender(
      () => {
        const card = this.elementOf(nodeId)?.getBoundingClientRect();
        if (!card) return;
        const view = this.host.getBoundingClientRect();
        const at = { x: card.left - view.left, y: card.top - view.top };
        const by = panToShow({ ...at, w: card.width, h: card.height }, this.windowSize());
        if (by.x || by.y) this.pan(by);
      },
      { injector: this.injector },
    );
  }

  focus(nodeId: string): void {
    this.lastFocused.set(nodeId);
    // What is not shown yet cannot take the focus.
    if (!this.ready()) return void (this.awaited = nodeId);
    const listOpen = () => this.ui.addRequest() !== null || this.ui.connectRequest() !== null;
    const take = () => {
      if (!listOpen()) this.elementOf(nodeId)?.focus({ preventScroll: true });
    };
    const closing = document.activeElement?.closest('[role=dialog]') != null;
    if (this.elementOf(nodeId) && !closing) return take();
    // A list that closes gives the focus back to where it was opened: come after that.
    afterNextRender(() => setTimeout(take), { injector: this.injector });
  }

  centre(): Point {
    const view = this.host.getBoundingClientRect();
    return this.toCanvas({ x: view.left + view.width / 2, y: view.top + view.height / 2 });
  }

  exitOf(nodeId: string): Point {
    const box = (this.elementOf(nodeId) ?? this.host).getBoundingClientRect();
    return { x: box.right + 16, y: box.top };
  }

  protected rendered(): void {
    if (this.ready()) return;
    const agents = this.catalogue.byType();
    this.show(openingView(this.store.graph(), agents, this.windowSize()));
    this.ready.set(true);
    if (this.awaited)
      afterNextRender(() => this.focus(this.awaited ?? ''), { injector: this.injector });
  }

  protected look(scale: number): void {
    this.scale.set(scale);
  }

  /** What the keyboard comes to is brought into view. */
  protected remember(itemId: string): void {
    this.lastFocused.set(itemId);
    if (this.elementOf(itemId)?.matches(':focus-visible')) this.reveal(itemId);
  }

  protected select({ nodeIds, groupIds, connectionIds }: FSelectionChangeEvent): void {
    const edges = this.index.edgeByDomId();
    const edgeIds = connectionIds.flatMap((domId) => edges.get(domId)?.id ?? []);
    this.store.select([...nodeIds, ...groupIds, ...edgeIds]);
  }

  protected move({ nodes }: FMoveNodesEvent): void {
    this.gesture += 1;
    const key = `gesture:${this.gesture}`;
    const moved = nodes.flatMap(({ id, position }) => (position ? [{ id, position }] : []));
    this.store.execute(moveTo(moved, key));
    const [only, ...others] = moved;
    if (only && !others.length) this.putOnEdge(only.id, only.position, key);
  }

  /** An agent dropped from the palette: on an edge it goes between its ends. */
  protected create({ data, externalItemRect }: FCreateNodeEvent<string>): void {
    const { x, y, width, height } = externalItemRect;
    const centre = { x: x + width / 2, y: y + height / 2 };
    const at = { x: centre.x - NODE_WIDTH / 2, y: centre.y - NODE_HEIGHT / 2 };
    const node = this.actions.makeNode(data, at);
    const edge = edgeNear(this.store.graph(), this.catalogue.byType(), centre);
    if (node && edge && this.actions.splitEdge(edge, node)) return;
    this.actions.addAgent(data, at);
  }

  /** The library wants a list of its own. */
  protected points(bends: Bends): Point[] {
    return [...bends];
  }

  protected inspect(): void {
    this.ui.inspect();
  }

  protected resize(id: string, size: { width: number; height: number }): void {
    this.store.execute(resizeNote(id, { w: size.width, h: size.height }));
  }

  protected offerNext(nodeId: string, { port, at }: PortPress): void {
    this.actions.offerNext(nodeId, port, at);
  }

  /** A node that nothing leads to or from, left on an edge, goes between its ends. */
  private putOnEdge(id: string, at: Point, mergeKey: string): void {
    const { nodes, edges } = this.store.graph();
    const node = nodes[id];
    if (!node || Object.values(edges).some((edge) => edge.from === id || edge.to === id)) return;
    const centre = { x: at.x + NODE_WIDTH / 2, y: at.y + NODE_HEIGHT / 2 };
    const edge = edgeNear(this.store.graph(), this.catalogue.byType(), centre, id);
    if (edge) this.actions.splitEdge(edge, node, mergeKey);
  }

  private pan(by: Point): void {
    const { position, scaledPosition, scale } = this.canvas().transform;
    this.show({
      scale,
      position: {
        x: position.x + scaledPosition.x + by.x,
        y: position.y + scaledPosition.y + by.y,
      },
    });
  }

  /** The library leaves its worker thread running, which would keep the whole editor in memory. */
  private close(): void {
    this.ui.canvas.set(null);
    const worker = this.edgeWorker();
    worker.isDisabled = true;
    worker.dispose();
  }

  /** Keeps the library's own selection the same as the store's. */
  private showSelection(ids: readonly string[]): void {
    const { edges } = untracked(this.store.graph);
    const items = ids.filter((id) => !(id in edges));
    const lines = ids.filter((id) => id in edges).map(connectionDomId);
    afterNextRender(
      () => {
        const { fNodeIds, fGroupIds, fConnectionIds } = this.flow().getSelection();
        const shown = [...fNodeIds, ...fGroupIds, ...fConnectionIds].sort().join();
        if (shown !== [...items, ...lines].sort().join()) this.flow().select(items, lines, false);
      },
      { injector: this.injector },
    );
  }

  private elementOf(itemId: string): HTMLElement | null {
    const id = CSS.escape(itemId);
    return this.host.querySelector(`[data-f-node-id="${id}"], [data-f-group-id="${id}"]`);
  }

  private windowSize(): Size {
    return { w: this.host.clientWidth, h: this.host.clientHeight };
  }

  private show({ scale, position }: Viewport): void {
    const canvas = this.canvas();
    Object.assign(canvas.transform, { scale, position, scaledPosition: { x: 0, y: 0 } });
    canvas.redraw();
    this.look(scale);
  }

  private toCanvas(client: Point): Point {
    const { x, y } = this.flow().getPositionInFlow(client);
    return { x, y };
  }
}
