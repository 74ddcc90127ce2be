import { computed, DestroyRef, inject } from '@angular/core';
import {
  patchState,
  signalStore,
  withComputed,
  withHooks,
  withMethods,
  withState,
} from '@ngrx/signals';
import { type ExecutionOut, type RunBody } from '@core/api';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { explainingNode } from '@core/runs/explaining-node';
import { RecordReader } from '@core/runs/record-reader';
import { reduceRun } from '@core/runs/reduce-run';
import { fromRecord, hasGap, isOver, type RunProgress, startRun } from '@core/runs/run-progress';
import { type RunEvent } from '@core/socket/run-event';
import { RunEvents } from '@core/socket/run-events';
import { EditorApi } from './editor-api';
import { EventPace } from './event-pace';

interface RunState {
  readonly view: RunProgress | null;
  /** The full record, once the run is over. */
  readonly record: ExecutionOut | null;
  readonly starting: boolean;
  readonly stopping: boolean;
  readonly error: ProblemError | null;
}

const NOTHING: RunState = {
  view: null,
  record: null,
  starting: false,
  stopping: false,
  error: null,
};
const RECORD_TRIES = 3;
const RECORD_RETRY_MS = 700;

/** The run on show: started here or found going on, followed by its events, kept until dismissed. */
export const RunStore = signalStore(
  withState(NOTHING),
  withComputed(({ view, record, starting }) => ({
    active: computed(() => {
      const run = view();
      return starting() || (run !== null && !isOver(run.status));
    }),
    /** The run on show waits, for a trigger say: meanwhile another may be started. */
    paused: computed(() => view()?.status === 'waiting'),
    /** Where to look when it is over. */
    decisionNode: computed(() => {
      const full = record();
      return full ? explainingNode(full.nodes) : null;
    }),
    recordByNode: computed(
      () => new Map((record()?.nodes ?? []).map((node) => [node.node_id, node])),
    ),
  })),
  withMethods((store, api = inject(EditorApi)) => ({
    /** Replaces what the events told by the stored record; asks again when that fails. */
    async _showRecord(executionId: string): Promise<void> {
      for (let attempt = 1; attempt <= RECORD_TRIES; attempt++) {
        try {
          const record = await api.execution(executionId);
          if (store.view()?.executionId !== executionId) return;
          const view = fromRecord(record, store.view() ?? undefined);
          patchState(store, { record, view, stopping: false });
          return;
        } catch (error) {
          if (attempt === RECORD_TRIES) patchState(store, { error: toProblemError(error) });
          else await new Promise((resolve) => setTimeout(resolve, RECORD_RETRY_MS));
        }
      }
    },
  })),
  withMethods((store, events = inject(RunEvents), api = inject(EditorApi)) => {
    const owner = inject(DestroyRef);
    let unsubscribe: () => void = () => undefined;
    const stopWatching = (): void => {
      unsubscribe();
      pace.clear();
      reader.stop();
    };
    /** Reads what no event tells: how a node waits, and what was missed. */
    const reader = new RecordReader(async () => {
      const id = store.view()?.executionId;
      const record = id ? await api.execution(id) : null;
      const view = store.view();
      if (!record || view?.executionId !== record.id || isOver(view.status)) return true;
      if (isOver(record.status)) {
        stopWatching();
        patchState(store, { record, view: fromRecord(record, view), stopping: false });
        return true;
      }
      const next = fromRecord(record, view);
      patchState(store, { view: next });
      return !hasGap(next);
    });

    const show = (event: RunEvent): void => {
      const view = store.view();
      if (view?.executionId !== event.execution_id) return;
      const next = reduceRun(view, event);
      patchState(store, { view: next });
      if (hasGap(next) || event.type === 'waiting') reader.request();
      if (!isOver(next.status) || isOver(view.status)) return;
      stopWatching();
      void store._showRecord(next.executionId);
    };
    const pace = new EventPace(show);
    return {
      _follow(executionId: string, after: number): void {
        stopWatching();
        // The editor may have been left before the run was accepted.
        if (owner.destroyed) return;
        unsubscribe = events.watch(executionId, after, (event) => pace.receive(event));
      },
      /** Stops following; what is on show stays. */
      close(): void {
        stopWatching();
      },
    };
  }),
  withMethods((store, api = inject(EditorApi)) => ({
    /**
     * Starts a run and follows it. Returns the refusal, or null when it was accepted. What waits
     * on show makes room for it, and is on show again when it is refused.
     */
    async start(
      pipelineId: string,
      nodeIds: readonly string[],
      body: RunBody,
    ): Promise<ProblemError | null> {
      const waiting = store.paused() ? store.view() : null;
      store.close();
      patchState(store, { ...NOTHING, starting: true });
      try {
        const { execution_id } = await api.run(pipelineId, body, crypto.randomUUID());
        const now = new Date().toISOString();
        const view = startRun(execution_id, nodeIds, body.symbol ?? null, now);
        patchState(store, { view, starting: false });
        store._follow(execution_id, 0);
        return null;
      } catch (error) {
        const problem = toProblemError(error);
        patchState(store, { ...NOTHING, view: waiting, error: problem });
        if (waiting) store._follow(waiting.executionId, waiting.known);
        return problem;
      }
    },
    /** Shows a run that was started elsewhere, and follows it while it goes on. */
    async attach(executionId: string): Promise<void> {
      try {
        const record = await api.execution(executionId);
        // Meanwhile a run may have been started here; that one is followed already.
        if (store.starting() || store.view()?.executionId === executionId) return;
        const view = fromRecord(record);
        const over = isOver(view.status);
        patchState(store, { ...NOTHING, view, record: over ? record : null });
        if (!over) store._follow(executionId, view.known);
      } catch (error) {
        patchState(store, { error: toProblemError(error) });
      }
    },
    async stop(): Promise<void> {
      const view = store.view();
      if (!view || isOver(view.status)) return;
      patchState(store, { stopping: true });
      try {
        await api.cancel(view.executionId);
      } catch (error) {
        const problem = toProblemError(error);
        if (problem.code === 'already_finished') await store._showRecord(view.executionId);
        else patchState(store, { stopping: false, error: problem });
      }
    },
    /** Takes the run off the canvas. */
    dismiss(): void {
      store.close();
      patchState(store, NOTHING);
    },
  })),
  withHooks({ onDestroy: (store) => store.close() }),
);

export type RunStore = InstanceType<typeof RunStore>;
