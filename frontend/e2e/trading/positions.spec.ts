import { expect, test } from '@playwright/test';
import { type Account, logIn, newAccount } from '../support/app';
import { check } from '../support/look';
import { calmAccount, COIN, heldCoin, openPositions } from '../support/trading';

let account: Account;

test.setTimeout(180_000);

test.beforeEach(async ({ page, request }) => {
  account = await newAccount(request);
  await logIn(page, account.email);
});

test('a position shows what it is worth as prices move, and is closed after a question', async ({
  page,
  request,
}) => {
  await page.goto('/positions');
  await expect(page.getByText('Nothing is held')).toBeVisible();
  await check(page, 'positions-empty');
  await heldCoin(request, account, await calmAccount(request, account));
  // It is pushed: the page was open before it was bought.
  const row = page.getByRole('row').filter({ hasText: COIN });
  await expect(row).toContainText('Long');
  const last = row.getByRole('cell').nth(3);
  const before = await last.textContent();
  await expect(last).not.toHaveText(before ?? '', { timeout: 30_000 });
  await check(page, 'positions');

  await row.getByRole('link', { name: COIN }).click();
  await expect(page.getByRole('heading', { name: COIN })).toBeVisible();
  await expect(page.getByText(/^Entry: bought 0\.5 at/)).toBeVisible();
  await expect(page.getByText(/^Stop at/)).toBeVisible();
  await expect(page.locator('k-price-chart canvas').first()).toBeVisible();
  await check(page, 'position');

  await page.getByRole('button', { name: 'Close position' }).click();
  const question = page.getByRole('dialog');
  await expect(question).toContainText(`Close 0.5 ${COIN}?`);
  await expect(question).toContainText(/Simulation account .* which brings about \$/);
  await check(page, 'position-close');
  await question.getByRole('button', { name: 'Close position' }).click();
  await expect(page.getByText(/^Closed: Closed on request/)).toBeVisible({ timeout: 30_000 });
  await page.goto('/positions?status=closed');
  await expect(page.getByRole('row').filter({ hasText: COIN })).toContainText('Closed on request');
  expect(await openPositions(request, account)).toEqual([]);
  await check(page, 'positions-closed');
});

test('two hundred positions are scrolled through, and few are drawn', async ({ page, request }) => {
  const one = await heldCoin(request, account, await calmAccount(request, account));
  const name = 'A pipeline whose name says in eighty characters what it does and why it is so';
  const items = Array.from({ length: 200 }, (_, place) => ({
    ...one,
    id: `00000000-0000-7000-8000-${String(place).padStart(12, '0')}`,
    quantity: String(place + 1),
    pipeline_id: place % 2 ? one.id : null,
    pipeline_name: place % 2 ? name : null,
    protected_by: ['venue', 'monitor', 'nothing'][place % 3],
    unrealised_pnl: String((place - 100) * 333.337),
  }));
  await page.route(
    ({ pathname }) => pathname === '/api/v1/positions',
    (route) => route.fulfill({ json: { items, next_cursor: null } }),
  );
  await page.goto('/positions');
  await expect(page.getByText('66 positions are held without a stop in force.')).toBeVisible();
  await check(page, 'positions-many');
  const rows = page.locator('k-position-table tbody tr.k-row-link');
  expect(await rows.count()).toBeLessThan(80);
  await page.locator('main').evaluate((main) => main.scrollTo({ top: main.scrollHeight }));
  await expect(rows.last()).toContainText('200');
  expect(await rows.count()).toBeLessThan(80);
  await expect(page.getByRole('table')).toHaveAttribute('aria-rowcount', '201');
});

test('what cannot be read says so, and is read again', async ({ page }) => {
  await page.route(/api\/v1\/(positions|orders|accounts|kill-switches|reconciliations)/, (route) =>
    route.abort(),
  );
  for (const name of ['positions', 'orders', 'accounts', 'switches', 'reconciliations']) {
    await page.goto(`/${name}`);
    await expect(page.getByText('Kuber cannot be reached').first()).toBeVisible();
    await check(page, `${name}-error`);
  }
});
