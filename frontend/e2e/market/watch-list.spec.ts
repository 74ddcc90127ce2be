import { expect, test } from '@playwright/test';
import { logIn, newAccount } from '../support/app';
import { check } from '../support/look';

test('symbols are watched on Home: added by name, at moving prices, and let go', async ({
  page,
  request,
}) => {
  test.setTimeout(180_000);
  await logIn(page, (await newAccount(request)).email);
  const card = page.locator('k-watch-list-card');
  await expect(card.getByText('Nothing is watched yet')).toBeVisible();
  const field = card.getByRole('combobox', { name: 'Add a symbol to the watch list' });
  await field.fill('bitco');
  await page.getByRole('option', { name: /BTCUSD/ }).click();
  await expect(card.getByRole('link', { name: 'BTCUSD' })).toBeVisible();
  await expect(field).toHaveValue('');
  const price = card.locator('.price').first();
  await expect(price).toHaveText(/^[\d,]+\.\d\d$/);
  const before = await price.textContent();
  await expect(price).not.toHaveText(before ?? '');
  await field.fill('NOSUCH');
  await field.press('Enter');
  await expect(card.getByRole('alert')).toContainText('There are no prices for NOSUCH');
  await field.fill('AAPL');
  await field.press('Enter');
  await expect(card.getByRole('link', { name: 'AAPL' })).toBeVisible();
  await expect(card.getByRole('alert')).toHaveCount(0);
  await check(page, 'watch-list');
  await card.getByRole('link', { name: 'AAPL' }).click();
  await expect(page).toHaveURL(/\/symbols\/AAPL$/);
  await page.getByRole('button', { name: 'Stop watching' }).click();
  await expect(page.getByRole('button', { name: 'Watch', exact: true })).toBeVisible();
  await page.goto('/');
  await card.getByRole('button', { name: 'Remove BTCUSD from the watch list' }).click();
  await expect(card.getByText('Nothing is watched yet')).toBeVisible();
});
