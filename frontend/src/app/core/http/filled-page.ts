import type { Page } from './paged-list';

/** So many pages are read to fill one: then the user says whether to look on. */
const MOST_READ = 20;

/**
 * Reads on until a page holds `size` items or nothing follows: the server passes so many rows in
 * search of what is asked for and then answers with what it has, which may be little or nothing.
 */
export async function filledPage<T>(
  read: (cursor: string | null) => Promise<Page<T>>,
  from: string | null,
  size: number,
): Promise<Page<T>> {
  let page = await read(from);
  const items = [...page.items];
  for (let count = 1; count < MOST_READ && items.length < size && page.next_cursor; count++) {
    page = await read(page.next_cursor);
    items.push(...page.items);
  }
  return { items, next_cursor: page.next_cursor };
}
