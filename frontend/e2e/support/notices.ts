import { type APIRequestContext, expect, type Locator, type Page } from '@playwright/test';
import { type Account, finishedRun } from './app';

/** A moment at which the golden cross template buys AAPL. */
const BUYS_AT = '2009-05-20T23:00:00Z';

/** Runs the pipeline, which buys; gives the id of the run. */
export function filledOrder(
  request: APIRequestContext,
  account: Account,
  pipelineId: string,
): Promise<string> {
  return finishedRun(request, account, pipelineId, BUYS_AT);
}

/** The bell in the top bar. */
export function bell(page: Page): Locator {
  return page.getByRole('button', { name: /^Notices(,|$)/ });
}

/** Waits until the bell says so many are unread. */
export async function expectUnread(page: Page, count: number): Promise<void> {
  const name = count ? `Notices, ${count} unread` : 'Notices';
  await expect(bell(page)).toHaveAccessibleName(name);
}

/** Opens the panel below the bell, unless it is open. */
export async function openPanel(page: Page): Promise<Locator> {
  const panel = page.getByRole('dialog', { name: 'Notices' });
  await expect(async () => {
    if (!(await panel.isVisible())) await bell(page).click({ timeout: 2_000 });
    await expect(panel).toBeVisible({ timeout: 2_000 });
  }).toPass();
  return panel;
}

/** Has the server send the account a notice of a test. */
export async function sendTest(request: APIRequestContext, account: Account): Promise<void> {
  const answer = await request.post('/api/v1/notifications/channels/in_app/test', {
    headers: { Authorization: `Bearer ${account.token}` },
  });
  expect(answer.status(), await answer.text()).toBe(202);
}

/** Answers the list of notices with these, all of them unread. */
export async function fillNotices(page: Page, notices: readonly object[]): Promise<void> {
  await page.route(
    (url) => url.pathname === '/api/v1/notifications',
    (route) => {
      const limit = Number(new URL(route.request().url()).searchParams.get('limit') ?? 50);
      const items = notices.slice(0, limit);
      return route.fulfill({ json: { items, next_cursor: null, unread: notices.length } });
    },
  );
}
