import { expect, test } from '@playwright/test';
import { logIn, newAccount } from '../support/app';
import { check } from '../support/look';

const LIMITS = '**/api/v1/users/me/limits';
const item = (name: string, used: number) => ({
  name,
  used,
  limit: 100,
  unit: 'pipelines',
  sentence: `About ${name}.`,
});

test('the account page shows each limit with what is used of it', async ({ page, request }) => {
  await logIn(page, (await newAccount(request)).email);
  await page.goto('/account');
  const row = page.locator('[data-limit="pipelines"]');
  await expect(row).toContainText('0 of 500 pipelines');
  await expect(row.getByRole('meter', { name: 'Pipelines' })).toHaveAttribute(
    'aria-valuetext',
    '0 of 500 pipelines',
  );
  await expect(page.locator('[data-limit="stored_bytes"]')).toContainText('of 3,000 MB');
});

test('limits are waited for, refused, missing and full in words', async ({ page, request }) => {
  await logIn(page, (await newAccount(request)).email);
  let answer: () => { status: number; json: unknown } = () => ({ status: 200, json: {} });
  let open = (): void => undefined;
  let gate = new Promise<void>((resolve) => (open = resolve));
  await page.route(LIMITS, async (route) => {
    await gate;
    await route.fulfill(answer());
  });
  answer = () => ({
    status: 503,
    json: { title: 'Away', code: 'unavailable', status: 503, detail: 'Come back soon.' },
  });
  await page.goto('/account');
  const list = page.locator('k-limit-list');
  await expect(list.locator('k-skeleton').first()).toBeVisible();
  open();
  await expect(list.getByRole('alert')).toContainText('Come back soon.');
  answer = () => ({ status: 200, json: { items: [] } });
  await list.getByRole('button', { name: 'Retry' }).click();
  await expect(list).toContainText('No limits');
  gate = Promise.resolve();
  answer = () => ({
    status: 200,
    json: { items: [item('pipelines', 12), item('sockets', 85), item('queued_runs', 100)] },
  });
  await page.reload();
  await expect(page.locator('[data-limit="sockets"]')).toContainText('Nearly full:');
  await expect(page.locator('[data-limit="queued_runs"]')).toContainText('Full:');
  await check(page, 'account-limits');
});
