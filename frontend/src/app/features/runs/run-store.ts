import { computed, inject } from '@angular/core';
import {
  patchState,
  signalStore,
  withComputed,
  withHooks,
  withMethods,
  withState,
} from '@ngrx/signals';
import { cancelExecution, type ExecutionOut, getExecution, rerunExecution } from '@core/api';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { explainingNode } from '@core/runs/explaining-node';
import { RunEvents } from '@core/socket/run-events';
import { applyEvent } from './apply-event';

interface RunState {
  readonly run: ExecutionOut | null;
  /** Why the run could not be read. */
  readonly loadError: ProblemError | null;
  /** Why an action on it was refused. */
  readonly actionError: ProblemError | null;
  readonly busy: boolean;
  /** The node that the person chose; null follows the run. */
  readonly picked: string | null;
}

const INITIAL: RunState = {
  run: null,
  loadError: null,
  actionError: null,
  busy: false,
  picked: null,
};

/** Events tell what changed; the details are read again at most this often. */
const REREAD_MS = 400;

/** One run: read once, kept current by its events, with what can be done to it. */
export const RunStore = signalStore(
  withState(INITIAL),
  withComputed(({ run, picked }) => {
    const focus = computed(() => picked() ?? telling(run()));
    return {
      active: computed(() => isActive(run())),
      focus,
      node: computed(() => run()?.nodes.find((node) => node.node_id === focus()) ?? null),
    };
  }),
  withMethods((store, events = inject(RunEvents)) => {
    let stopEvents: (() => void) | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const close = (): void => {
      stopEvents?.();
      stopEvents = undefined;
      clearTimeout(timer);
      timer = undefined;
    };
    const read = async (id: string): Promise<void> => {
      const run = await unwrap(getExecution({ path: { execution_id: id } }));
      if (newer(run, store.run())) patchState(store, { run, loadError: null });
    };
    const reread = (id: string): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        read(id).catch(() => reread(id));
      }, REREAD_MS);
    };
    const follow = (id: string, after: number): void => {
      stopEvents = events.watch(id, after, (event) => {
        const run = store.run();
        if (run) patchState(store, { run: applyEvent(run, event) });
        reread(id);
      });
    };
    const act = async <T>(action: () => Promise<T>): Promise<T | null> => {
      patchState(store, { busy: true, actionError: null });
      try {
        return await action();
      } catch (error) {
        patchState(store, { actionError: toProblemError(error) });
        return null;
      } finally {
        patchState(store, { busy: false });
      }
    };

    return {
      close,
      async open(id: string): Promise<void> {
        close();
        patchState(store, INITIAL);
        try {
          await read(id);
        } catch (error) {
          patchState(store, { loadError: toProblemError(error) });
          return;
        }
        if (isActive(store.run())) follow(id, store.run()?.last_sequence ?? 0);
      },
      pick(nodeId: string): void {
        patchState(store, { picked: nodeId });
      },
      async cancel(): Promise<void> {
        const id = store.run()?.id;
        if (!id) return;
        const run = await act(() => unwrap(cancelExecution({ path: { execution_id: id } })));
        if (run) patchState(store, { run });
      },
      /** Starts the run again, from `fromNode` on if given; resolves to the new run's id. */
      async rerun(fromNode: string | null): Promise<string | null> {
        const id = store.run()?.id;
        if (!id) return null;
        const body = { from_node: fromNode };
        const made = await act(() => unwrap(rerunExecution({ path: { execution_id: id }, body })));
        return made?.execution_id ?? null;
      },
    };
  }),
  withHooks({ onDestroy: (store) => store.close() }),
);

export function isActive(run: ExecutionOut | null): boolean {
  return run !== null && ['pending', 'running', 'waiting'].includes(run.status);
}

/** A reading that was overtaken by events must not take the page back. */
function newer(read: ExecutionOut, shown: ExecutionOut | null): boolean {
  return shown?.id !== read.id || read.last_sequence >= shown.last_sequence;
}

/** The node to look at; the last one when none stands out. */
function telling(run: ExecutionOut | null): string | null {
  return run ? (explainingNode(run.nodes) ?? run.nodes.at(-1)?.node_id ?? null) : null;
}
