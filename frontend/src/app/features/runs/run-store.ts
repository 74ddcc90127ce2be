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
import { RecordReader } from '@core/runs/record-reader';
import { reduceRun } from '@core/runs/reduce-run';
import {
  fromRecord,
  hasGap,
  isOver,
  type RunProgress,
  withProgress,
} from '@core/runs/run-progress';
import type { RunEvent } from '@core/socket/run-event';
import { RunEvents } from '@core/socket/run-events';

interface RunState {
  /** As it was read last. */
  readonly record: ExecutionOut | null;
  /** How far it is by its events. */
  readonly progress: RunProgress | null;
  /** Why the run could not be read. */
  readonly loadError: ProblemError | null;
  /** Why an action on it was refused. */
  readonly actionError: ProblemError | null;
  readonly busy: boolean;
  /** The node that the person chose; null follows the run. */
  readonly picked: string | null;
}

const INITIAL: RunState = {
  record: null,
  progress: null,
  loadError: null,
  actionError: null,
  busy: false,
  picked: null,
};

/** One run: read once, kept current by its events, with what can be done to it. */
export const RunStore = signalStore(
  withState(INITIAL),
  withComputed(({ record, progress, picked }) => {
    const run = computed(() => {
      const [read, told] = [record(), progress()];
      return read && told ? withProgress(read, told) : read;
    });
    const focus = computed(() => picked() ?? telling(run()));
    return {
      run,
      active: computed(() => {
        const shown = run();
        return shown !== null && !isOver(shown.status);
      }),
      focus,
      node: computed(() => run()?.nodes.find((node) => node.node_id === focus()) ?? null),
    };
  }),
  withMethods((store, events = inject(RunEvents)) => {
    let stopEvents: (() => void) | undefined;

    const show = (record: ExecutionOut): void => {
      const before = store.record()?.id === record.id ? store.progress() : null;
      const progress = fromRecord(record, before ?? undefined);
      patchState(store, { record, progress, loadError: null });
    };
    const read = async (id: string): Promise<void> =>
      show(await unwrap(getExecution({ path: { execution_id: id } })));
    const reader = new RecordReader(async () => {
      const id = store.record()?.id;
      if (id) await read(id);
      return !isIncomplete(store.progress());
    });
    const close = (): void => {
      stopEvents?.();
      stopEvents = undefined;
      reader.stop();
    };
    const take = (event: RunEvent): void => {
      const before = store.progress();
      const progress = before && reduceRun(before, event);
      if (!progress || progress === before) return;
      patchState(store, { progress });
      if (hasGap(progress) || hasDetails(event)) reader.request();
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
        const progress = store.progress();
        if (progress && !isOver(progress.status))
          stopEvents = events.watch(id, progress.known, take);
      },
      pick(nodeId: string): void {
        patchState(store, { picked: nodeId });
      },
      async cancel(): Promise<void> {
        const id = store.run()?.id;
        if (!id || store.busy()) return;
        const run = await act(() => unwrap(cancelExecution({ path: { execution_id: id } })));
        if (run) show(run);
      },
      /** Starts the run again, from `fromNode` on if given; resolves to the new run's id. */
      async rerun(fromNode: string | null): Promise<string | null> {
        const id = store.run()?.id;
        if (!id || store.busy()) return null;
        const body = { from_node: fromNode };
        const made = await act(() => unwrap(rerunExecution({ path: { execution_id: id }, body })));
        return made?.execution_id ?? null;
      },
    };
  }),
  withHooks({ onDestroy: (store) => store.close() }),
);

function isIncomplete(progress: RunProgress | null): boolean {
  return progress !== null && hasGap(progress);
}

/** Whether the record then holds more than the event: inputs and outputs, reasons, waits. */
function hasDetails({ type }: RunEvent): boolean {
  return type === 'agent_completed' || type === 'waiting' || type === 'execution_finished';
}

/** The node to look at; the last one when none stands out. */
function telling(run: ExecutionOut | null): string | null {
  return run ? (explainingNode(run.nodes) ?? run.nodes.at(-1)?.node_id ?? null) : null;
}
