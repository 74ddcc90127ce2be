export interface Merge<T> {
  /** What is on show, brought up to date, without what is new. */
  readonly known: readonly T[];
  /** What arrived since, as it stands on the first page. */
  readonly fresh: readonly T[];
  /** What is on show with what is new, each where it belongs. */
  readonly joined: readonly T[];
  /** So much arrived that something between is missing: read the list anew. */
  readonly gap: boolean;
}

/**
 * Joins a fresh first page to what is on show; older pages stay. What `moved` to another place in
 * the list counts as new.
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
  return { known, fresh, joined: joinFirstPage(shown, first, ({ id }) => id), gap };
}

/**
 * What is on show with the first page in it, in the order that the page has: what came late stands
 * where it belongs and not on top. What the page does not hold stays before the one it stood before;
 * what stood below all of the page stays there. `key` tells items apart.
 */
export function joinFirstPage<T>(
  shown: readonly T[],
  first: readonly T[],
  key: (item: T) => unknown,
): readonly T[] {
  const onPage = new Set(first.map(key));
  const before = new Map<unknown, readonly T[]>();
  let others: T[] = [];
  for (const item of shown) {
    if (!onPage.has(key(item))) others.push(item);
    else {
      before.set(key(item), others);
      others = [];
    }
  }
  return [...first.flatMap((item) => [...(before.get(key(item)) ?? []), item]), ...others];
}
