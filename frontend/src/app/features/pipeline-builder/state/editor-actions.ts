import { LiveAnnouncer } from '@angular/cdk/a11y';
import { inject, Service } from '@angular/core';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import * as arrange from '../domain/align';
import { outputPorts, storedPort } from '../domain/catalogue';
import * as commands from '../domain/commands';
import { checkConnection, type Connection } from '../domain/connect';
import { freePlace, nodeSize, placeAfter } from '../domain/geometry';
import { DEFAULT_NOTE_SIZE, GRID, type PipelineNode, type Point, snap } from '../domain/graph';
import type { Command } from '../domain/history';
import { count, nodeName } from '../domain/words';
import { EditorStore } from './editor-store';
import { EditorUi } from './editor-ui';
import { mintId } from './mint-id';
import { PipelineDocument } from './pipeline-document';

/** The gestures of the editor, each spoken and each one step of undo, whichever way it was made. */
@Service({ autoProvided: false })
export class EditorActions {
  private readonly store = inject(EditorStore);
  private readonly ui = inject(EditorUi);
  private readonly catalogue = inject(AgentCatalogue);
  private readonly announcer = inject(LiveAnnouncer);
  private readonly document = inject(PipelineDocument);

  say(text: string): void {
    void this.announcer.announce(text, 'polite');
  }

  /** Says something on the screen, where it is read out too. */
  tell(text: string): void {
    this.ui.showHint({ at: { x: window.innerWidth / 2 - 140, y: window.innerHeight - 150 }, text });
  }

  do(command: Command, spoken = command.label): void {
    this.store.execute(command);
    this.say(spoken);
  }

  /** Takes back the last change of the graph, or says that the last change is of another kind. */
  undo(): void {
    const beyond = this.document.beyondUndo();
    if (beyond)
      return this.tell(`${beyond} is not part of undo. Change it back where you changed it.`);
    if (!this.store.canUndo()) return this.say('Nothing to undo');
    this.say(`Undone: ${this.store.undoLabel()}`);
    this.store.undo();
  }

  redo(): void {
    if (!this.store.canRedo()) return this.say('Nothing to redo');
    this.say(`Redone: ${this.store.redoLabel()}`);
    this.store.redo();
  }

  /** Adds an agent where it was dropped, or where there is room in sight. */
  addAgent(agentType: string, at?: Point): string | null {
    const after = this.store.current();
    if (!at && after && this.fits(after, agentType))
      return this.addAfter(agentType, after.id, null);
    const wanted = at ?? this.freeCentre();
    const node = this.makeNode(agentType, wanted);
    if (!node) return null;
    this.do(commands.addNode(node, this.nameOf(node)), `${this.nameOf(node)} added`);
    this.choose(node.id);
    return node.id;
  }

  /** Adds an agent behind a port and connects it. */
  addAfter(agentType: string, from: string, fromPort: string | null): string | null {
    const graph = this.store.graph();
    const source = graph.nodes[from];
    const node = source && this.makeNode(agentType, placeAfter(graph, from));
    if (!node) return null;
    const port = fromPort ?? this.firstPort(source);
    const connection = { from, fromPort: port, to: node.id };
    this.do(
      commands.addAfter(node, this.nameOf(node), connection),
      `${this.nameOf(node)} added after ${this.nameOf(source)}`,
    );
    this.choose(node.id);
    this.ui.canvas()?.reveal(node.id);
    return node.id;
  }

  /** Puts a new agent, or a node that is there already, between the ends of an edge. */
  splitEdge(edgeId: string, node: PipelineNode, merge?: string): boolean {
    const graph = this.store.graph();
    const edge = graph.edges[edgeId];
    const agent = this.catalogue.byType().get(node.agentType);
    if (!edge || agent?.category === 'trigger') return false;
    this.do(
      commands.insertOnEdge(graph, edge, node, agent, merge),
      `${this.nameOf(node)} put on the edge`,
    );
    this.choose(node.id);
    return true;
  }

  makeNode(agentType: string, at: Point): PipelineNode | null {
    const agent = this.catalogue.byType().get(agentType);
    return agent ? commands.newNode(mintId(agentType), agent, at, this.store.graph()) : null;
  }

  /** Connects two nodes, or says why not: beside the place of the drop, if there was one. */
  connect(connection: Connection, at?: Point, replacing?: string): boolean {
    const graph = this.store.graph();
    const verdict = checkConnection(graph, this.catalogue.byType(), connection, replacing);
    if (!verdict.ok) {
      this.say(verdict.reason);
      if (at) this.ui.showHint({ at, text: verdict.reason });
      return false;
    }
    const [from, to] = [graph.nodes[connection.from], graph.nodes[connection.to]];
    const spoken = from && to ? `${this.nameOf(from)} leads to ${this.nameOf(to)}` : 'Connected';
    this.do(
      replacing ? commands.reconnect(replacing, connection) : commands.connect(connection),
      spoken,
    );
    return true;
  }

  deleteSelection(): void {
    const ids = this.store.selection();
    if (!ids.length) return;
    const [only] = this.store.selectedNodes();
    const single = ids.length === 1 && only !== undefined;
    this.do(
      single ? commands.removeAndBridge(this.store.graph(), only) : commands.remove(ids),
      `${count(ids.length, 'item')} deleted`,
    );
  }

  nudge(by: Point): void {
    const ids = this.store.selectedItems();
    if (!ids.length) return;
    this.store.execute(commands.nudge(ids, { x: by.x * GRID, y: by.y * GRID }));
  }

  selectAll(): void {
    this.store.selectAll();
    this.say(`${count(this.store.selection().length, 'item')} selected`);
  }

  clearSelection(): void {
    if (!this.store.selection().length) return;
    this.store.select([]);
    this.say('Selection cleared');
  }

  togglePin(): void {
    const ids = this.store.selectedNodes();
    if (!ids.length) return;
    const pinned = ids.every((id) => this.store.graph().nodes[id]?.pinned);
    this.do(commands.setPinned(ids, !pinned));
  }

  align(to: arrange.Alignment): void {
    this.do(arrange.align(this.store.graph(), this.store.selectedItems(), to));
  }

  distribute(axis: arrange.Axis): void {
    this.do(arrange.distribute(this.store.graph(), this.store.selectedItems(), axis));
  }

  /** Lays the graph out from left to right; the layout code is loaded on first use. */
  async layOut(): Promise<void> {
    const { autoLayout } = await import('../domain/layout');
    const catalogue = this.catalogue.byType();
    const positions = autoLayout(this.store.graph(), (node) =>
      nodeSize(catalogue.get(node.agentType)),
    );
    this.do(commands.applyLayout(positions), 'Laid out from left to right');
    this.ui.canvas()?.fit();
  }

  addNote(): void {
    const centre = this.ui.canvas()?.centre() ?? { x: 0, y: 0 };
    const { w, h } = DEFAULT_NOTE_SIZE;
    const id = mintId('note');
    const position = snap({ x: centre.x - w / 2, y: centre.y - h / 2 });
    this.do(commands.addNote({ id, text: '', position, size: DEFAULT_NOTE_SIZE }), 'Note added');
    this.store.select([id]);
  }

  /** Asks for the agent that comes after a node. */
  offerNext(nodeId: string, fromPort: string | null = null, at?: Point): void {
    const place = at ?? this.ui.canvas()?.exitOf(nodeId) ?? { x: 0, y: 0 };
    this.ui.offerAgents({ at: place, from: nodeId, fromPort });
  }

  choose(nodeId: string): void {
    this.store.select([nodeId]);
    this.ui.inspectorTab.set('settings');
  }

  nameOf(node: PipelineNode): string {
    return nodeName(node, this.catalogue.byType());
  }

  private fits(after: PipelineNode, agentType: string): boolean {
    const catalogue = this.catalogue.byType();
    const agent = catalogue.get(agentType);
    const taken = Object.values(this.store.graph().edges).some((edge) => edge.from === after.id);
    return !taken && agent !== undefined && agent.category !== 'trigger';
  }

  private firstPort(node: PipelineNode): string | null {
    const agent = this.catalogue.byType().get(node.agentType);
    return storedPort(outputPorts(agent)[0].name, agent);
  }

  private freeCentre(): Point {
    const centre = this.ui.canvas()?.centre() ?? { x: 0, y: 0 };
    const { w, h } = nodeSize(undefined);
    return freePlace(this.store.graph(), { x: centre.x - w / 2, y: centre.y - h / 2 });
  }
}
