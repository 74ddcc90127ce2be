import { type Page } from '@playwright/test';

const ROWS = 120;
/** So many rows are on a page of a list. */
export const PAGE = 50;

interface Item {
  readonly id: string;
}

/** Answers a list of 120 rows, page by page, each like `item`. */
export async function fillList(page: Page, path: string, item: Item): Promise<void> {
  const rows = Array.from({ length: ROWS }, (_, i) => ({ ...item, id: idOf(i) }));
  await page.route(
    (url) => url.pathname === path,
    (route) => {
      const at = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0);
      const next = at + PAGE < ROWS ? String(at + PAGE) : null;
      return route.fulfill({ json: { items: rows.slice(at, at + PAGE), next_cursor: next } });
    },
  );
}

/** How far the page is scrolled, px. */
export function top(page: Page): Promise<number> {
  return page.locator('main#content').evaluate((main) => main.scrollTop);
}

function idOf(row: number): string {
  return `00000000-0000-7000-8000-${String(row).padStart(12, '0')}`;
}
