export interface Merge<T> {
  /** What is on show, brought up to date, without what is new. */
  readonly known: readonly T[];
  /** What arrived since, newest first. */
  readonly fresh: readonly T[];
  /** So much arrived that something between is missing: read the list anew. */
  readonly gap: boolean;
}

/**
 * Joins a fresh first page (newest first) to what is on show; older pages stay. What `moved` to
 * another place in the list counts as new.
 */
export function mergeFirstPage<T extends { readonly id: string }>(
  shown: readonly T[],
  first: readonly T[],
  hasMore: boolean,
  moved: (was: T, is: T) => boolean = () => false,
): Merge<T> {
  const latest = new Map(first.map((item) => [item.id, item]));
  const seen = new Map(shown.map((item) => [item.id, item]));
  const isFresh = (item: T): boolean => {
    const was = seen.get(item.id);
    return !was || moved(was, item);
  };
  const fresh = first.filter(isFresh);
  const gap = hasMore && first.length > 0 && fresh.length === first.length;
  const known = shown.map((item) => {
    const now = latest.get(item.id);
    return now && !moved(item, now) ? now : item;
  });
  return { known, fresh, gap };
}
