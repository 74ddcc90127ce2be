import { computed } from '@angular/core';
import { patchState, signalStore, withComputed, withMethods, withState } from '@ngrx/signals';
import { EMPTY_GRAPH, type PipelineGraph } from '../domain/graph';
import * as timeline from '../domain/history';
import { type Start, type StartKind } from '../domain/trigger';

interface EditorState {
  readonly history: timeline.History;
  /** Ids of chosen nodes, edges and notes. */
  readonly selection: readonly string[];
}

const BY_HAND: Start = { kind: 'manual' };

/**
 * The graph being edited, how it starts, their one undo history and the selection. Every change is
 * a command; every command is one step of undo.
 */
export const EditorStore = signalStore(
  withState<EditorState>({ history: timeline.startHistory(EMPTY_GRAPH, BY_HAND), selection: [] }),
  withComputed(({ history }) => ({
    graph: computed(() => history().graph),
    /** How it starts, as it is being edited. */
    start: computed(() => history().start),
    canUndo: computed(() => history().past.length > 0),
    canRedo: computed(() => history().future.length > 0),
    undoLabel: computed(() => history().past.at(-1)?.label ?? ''),
    redoLabel: computed(() => history().future.at(-1)?.label ?? ''),
  })),
  withComputed(({ graph, selection }) => ({
    nodes: computed(() => Object.values(graph().nodes)),
    edges: computed(() => Object.values(graph().edges)),
    notes: computed(() => Object.values(graph().notes)),
    selected: computed<ReadonlySet<string>>(() => new Set(selection())),
    selectedNodes: computed(() => selection().filter((id) => id in graph().nodes)),
    /** Nodes and notes: what can be moved and copied. */
    selectedItems: computed(() =>
      selection().filter((id) => id in graph().nodes || id in graph().notes),
    ),
  })),
  withComputed(({ graph, selectedNodes }) => ({
    /** The one chosen node, or null. */
    current: computed(() => {
      const [id, ...others] = selectedNodes();
      return id !== undefined && !others.length ? (graph().nodes[id] ?? null) : null;
    }),
  })),
  withMethods((store) => {
    const go = (history: timeline.History) => {
      const kept = store.selection().filter((id) => exists(history.graph, id));
      patchState(store, {
        history,
        selection: kept.length === store.selection().length ? store.selection() : kept,
      });
    };
    return {
      /** Opens a graph with an empty history. */
      load(graph: PipelineGraph, start: Start = BY_HAND): void {
        go(timeline.startHistory(graph, start));
      },
      /** Goes on with steps that were taken before, and end in what is open. */
      recall(past: timeline.History['past'], future: timeline.History['future']): void {
        patchState(store, { history: { ...store.history(), past, future } });
      },
      /** How it last started in this way; null when it never did. */
      lastStart(kind: StartKind): Start | null {
        return timeline.lastStart(store.history(), kind);
      },
      execute(command: timeline.Command): void {
        go(timeline.record(store.history(), command, Date.now()));
      },
      undo(): void {
        go(timeline.undo(store.history()));
      },
      redo(): void {
        go(timeline.redo(store.history()));
      },
      select(ids: readonly string[]): void {
        if (ids.join() !== store.selection().join()) patchState(store, { selection: [...ids] });
      },
      selectAll(): void {
        const { nodes, notes } = store.graph();
        patchState(store, { selection: [...Object.keys(nodes), ...Object.keys(notes)] });
      },
    };
  }),
);

export type EditorStore = InstanceType<typeof EditorStore>;

function exists(graph: PipelineGraph, id: string): boolean {
  return id in graph.nodes || id in graph.edges || id in graph.notes;
}
