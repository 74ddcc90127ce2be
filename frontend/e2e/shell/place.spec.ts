import { expect, type Page, test } from '@playwright/test';
import { finishedRun, logIn, newAccount, newPipeline } from '../support/app';
import { fillList, PAGE, top } from '../support/lists';

/** Loads the second page, goes far down, opens a row, and comes back. */
async function goAndComeBack(page: Page, address: string): Promise<void> {
  await page.goto(address);
  const rows = page.locator('tbody tr.k-row-link');
  await expect(rows).toHaveCount(PAGE);
  await page.getByRole('button', { name: 'Load more' }).click();
  await expect(rows).toHaveCount(2 * PAGE);
  await rows.nth(80).scrollIntoViewIfNeeded();
  const before = await top(page);
  expect(before).toBeGreaterThan(1_000);
  await rows.nth(80).getByRole('link').first().click();
  await expect(rows).toHaveCount(0);
  await page.goBack();
  await expect(rows).toHaveCount(2 * PAGE);
  await expect.poll(() => top(page)).toBeGreaterThan(before - 3);
  await expect(rows.nth(80)).toBeInViewport();
}

test('Back finds runs and pipelines as they were left', async ({ page, request }) => {
  const account = await newAccount(request);
  const pipeline = await newPipeline(request, account, 'One of many');
  const run = await finishedRun(request, account, pipeline);
  const headers = { Authorization: `Bearer ${account.token}` };
  const first = async (path: string) => {
    const answer = await (await request.get(path, { headers })).json();
    return answer.items[0] as { id: string };
  };
  await fillList(page, '/api/v1/executions', await first('/api/v1/executions'));
  await fillList(page, '/api/v1/pipelines', await first('/api/v1/pipelines'));
  for (const [kind, id] of [
    ['executions', run],
    ['pipelines', pipeline],
  ] as const) {
    await page.route(`**/api/v1/${kind}/00000000-*`, async (route) =>
      route.fulfill({
        response: await route.fetch({ url: new URL(`/api/v1/${kind}/${id}`, page.url()).href }),
      }),
    );
  }
  await logIn(page, account.email);
  await goAndComeBack(page, '/runs');
  await goAndComeBack(page, '/pipelines');
  await page
    .getByRole('navigation', { name: 'Main' })
    .getByRole('link', { name: 'Runs', exact: true })
    .click();
  await expect(page.locator('tbody tr.k-row-link')).toHaveCount(PAGE);
  expect(await top(page), 'a link begins at the top').toBe(0);
});
