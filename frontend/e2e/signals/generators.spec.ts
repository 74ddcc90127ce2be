import { expect, test } from '@playwright/test';
import { type Account, logIn, newAccount } from '../support/app';

let account: Account;

test.beforeEach(async ({ page, request }) => {
  account = await newAccount(request);
  await logIn(page, account.email);
});

test('a condition is written, mended, tried on stored prices and kept', async ({ page }) => {
  await page.goto('/signals/generators');
  await expect(page.getByRole('table', { name: 'From the platform' })).toBeVisible();
  await page.getByRole('link', { name: 'Make a generator' }).click();
  await page.getByRole('link', { name: /^Expression/ }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Oversold');
  await page.getByLabel('Symbols', { exact: true }).fill('AAPL');
  await page.getByLabel('Symbols', { exact: true }).press('Enter');
  const expression = page.getByRole('textbox', { name: 'Expression' });
  await expression.fill('rsi(14 < 30');
  await expect(page.getByRole('list', { name: 'Problems' })).toBeVisible();
  await expression.fill('rsi(14) < 30');
  await expect(page.getByText(/Would have sent \d+ signals on the last/)).toBeVisible();
  await expect(page.getByRole('list', { name: 'Signals it would have sent' })).toContainText(
    'bullish',
  );
  await page.getByRole('button', { name: 'Save generator' }).click();
  const mine = page.getByRole('table', { name: 'Yours' });
  await expect(mine.getByRole('row', { name: /Oversold/ })).toBeVisible();
  await mine.getByRole('switch').click();
  await expect(mine.getByRole('switch')).not.toBeChecked();
  await mine.getByRole('button', { name: 'Actions for Oversold' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('No generators of your own yet')).toBeVisible();
});

test('a generator of the platform can be looked at, not changed', async ({ page }) => {
  await page.goto('/signals/generators');
  await page.getByRole('table', { name: 'From the platform' }).getByRole('link').first().click();
  await expect(page.getByText('It belongs to the platform')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save generator' })).toHaveCount(0);
  await expect(page.getByText(/Would have sent/)).toBeVisible();
});
