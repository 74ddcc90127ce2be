import { DestroyRef, inject } from '@angular/core';
import { type Page, PagedList, type Snapshot } from '@core/http/paged-list';
import { KeptPlaces } from './kept-places';

/**
 * The list of a page. Who comes back to the page finds it as it was, with all that was loaded, and
 * then brought up to date. Call it where things are injected.
 */
export function keptList<T, Q>(
  name: string,
  fetch: (query: Q, cursor: string | null) => Promise<Page<T>>,
): PagedList<T, Q> {
  const places = inject(KeptPlaces);
  const list = new PagedList(fetch, places.listOf(name) as Snapshot<T, Q> | undefined);
  inject(DestroyRef).onDestroy(() => {
    const snapshot = list.snapshot();
    if (snapshot) places.keepList(name, snapshot);
  });
  return list;
}
