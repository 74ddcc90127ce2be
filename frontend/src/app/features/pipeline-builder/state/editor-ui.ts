import { ApplicationRef, computed, inject, Service, signal } from '@angular/core';
import type { Verdict } from '../domain/connect';
import type { Point } from '../domain/graph';

export type InspectorTab = 'settings' | 'input' | 'output' | 'reasoning' | 'about';

/** What the canvas can be asked to show; positions are in canvas units unless said otherwise. */
export interface CanvasView {
  fit(): void;
  zoom(by: 'in' | 'out' | 'reset'): void;
  /** Puts a node in the middle, unless all of it is seen. */
  reveal(nodeId: string): void;
  /** Moves no further than needed for all of a node to be seen. */
  bringIn(nodeId: string): void;
  focus(nodeId: string): void;
  /** The middle of what is visible. */
  centre(): Point;
  /** Where a node's right edge is on the screen, in client px. */
  exitOf(nodeId: string): Point;
}

/** A request to choose the next agent. */
export interface AddRequest {
  /** Client px. */
  readonly at: Point;
  /** The node and port to continue from; null offers a way to start. */
  readonly from: string | null;
  readonly fromPort: string | null;
}

export interface ConnectRequest {
  readonly from: string;
  readonly fromPort: string | null;
}

/** A short message beside the place it is about; client px. */
export interface Hint {
  readonly at: Point;
  readonly text: string;
}

const HINT_MS = 4_000;

/** Which parts of the editor are open, and what is being pointed at. */
@Service({ autoProvided: false })
export class EditorUi {
  private readonly app = inject(ApplicationRef);
  readonly canvas = signal<CanvasView | null>(null);
  readonly paletteOpen = signal(true);
  /** `auto`: open while there is something to inspect. */
  readonly inspector = signal<'auto' | 'open' | 'closed'>('auto');
  readonly inspectorTab = signal<InspectorTab>('settings');
  readonly versionsOpen = signal(false);
  readonly addRequest = signal<AddRequest | null>(null);
  readonly connectRequest = signal<ConnectRequest | null>(null);
  /** While an edge is being drawn: what each node says to it. */
  readonly verdicts = signal<ReadonlyMap<string, Verdict> | null>(null);
  readonly drawing = computed(() => this.verdicts() !== null);
  readonly hint = signal<Hint | null>(null);
  private hintTimer?: ReturnType<typeof setTimeout>;

  /** Opens the list of agents, drawn at once: the next key a person presses belongs to it. */
  offerAgents(request: AddRequest): void {
    this.addRequest.set(request);
    this.app.tick();
  }

  /** Opens the list of nodes to connect to, drawn at once. */
  offerTargets(request: ConnectRequest): void {
    this.connectRequest.set(request);
    this.app.tick();
  }

  showHint(hint: Hint): void {
    clearTimeout(this.hintTimer);
    this.hint.set(hint);
    this.hintTimer = setTimeout(() => this.hint.set(null), HINT_MS);
  }

  /**
   * A node was clicked: its settings take the place of the versions. A finger has no double click
   * to open the inspector with: a tap does. What opens takes room: the node is kept in view.
   */
  nodeClicked(nodeId: string, byTap = false): void {
    if (this.versionsOpen()) this.inspect('settings');
    else if (byTap) this.inspect();
    this.canvas()?.bringIn(nodeId);
  }

  /** The inspector takes the place of the versions. */
  inspect(tab: InspectorTab = this.inspectorTab()): void {
    this.versionsOpen.set(false);
    this.inspectorTab.set(tab);
    this.inspector.set('open');
  }
}
