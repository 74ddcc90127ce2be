import { expect, test } from '@playwright/test';
import { logIn, newAccount } from '../support/app';

test('what is typed while a budget is being saved is not lost', async ({ page, request }) => {
  await logIn(page, (await newAccount(request)).email);
  await page.goto('/account');
  const answer = Promise.withResolvers<null>();
  await page.route('**/api/v1/budgets', async (route) => {
    if (route.request().method() === 'PUT') await answer.promise;
    await route.continue();
  });
  await page.getByLabel('Per run, USD').fill('2.50');
  await page.getByRole('button', { name: 'Save budget' }).click();
  await page.getByLabel('Per day, USD').fill('20.00');
  answer.resolve(null);
  await expect(page.getByText('Budget saved')).toBeVisible();
  await expect(page.getByLabel('Per day, USD')).toHaveValue('20.00');
  await page.getByRole('button', { name: 'Save budget' }).click();
  await page.reload();
  await expect(page.getByLabel('Per run, USD')).toHaveValue(/^2\.50*$/);
  await expect(page.getByLabel('Per day, USD')).toHaveValue(/^20\.0*$/);
});
