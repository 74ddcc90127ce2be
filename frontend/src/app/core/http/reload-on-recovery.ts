import { effect, inject, type Resource, untracked } from '@angular/core';
import { Reachability } from './reachability';

/**
 * Reads again what could not be read, once the server is back; for what has no error state of its
 * own. Call it where things are injected.
 */
export function reloadOnRecovery(
  ...resources: readonly (Pick<Resource<unknown>, 'error'> & { reload(): boolean })[]
): void {
  const { recoveries } = inject(Reachability);
  const before = recoveries();
  effect(() => {
    if (recoveries() === before) return;
    untracked(() => {
      for (const resource of resources) if (resource.error()) resource.reload();
    });
  });
}
