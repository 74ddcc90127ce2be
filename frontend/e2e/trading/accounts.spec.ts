import { expect, test } from '@playwright/test';
import { type Account, logIn, newAccount } from '../support/app';
import { check } from '../support/look';
import { calmAccount, heldCoin } from '../support/trading';

let account: Account;

test.setTimeout(180_000);

test.beforeEach(async ({ page, request }) => {
  account = await newAccount(request);
  await logIn(page, account.email);
});

test('an account is paid into, set, exported and reset', async ({ page }) => {
  await page.goto('/accounts');
  await check(page, 'accounts');
  await page.getByRole('main').getByRole('link', { name: 'Simulation' }).click();
  await page.getByRole('button', { name: 'Pay in' }).click();
  await page.getByLabel('Amount, USD').fill('5,000');
  await page.getByRole('dialog').getByRole('button', { name: 'Pay in' }).click();
  await expect(page.getByText('$105,000.00').first()).toBeVisible();
  await expect(page.getByRole('table', { name: 'Ledger' })).toContainText('$5,000.00');
  await page.getByLabel('Rejections, %').fill('200');
  await expect(page.getByText('Enter 0 to 100.')).toBeVisible();
  await page.getByLabel('Rejections, %').fill('0');
  await page.getByRole('button', { name: 'Save options' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await check(page, 'account');
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export statement' }).click();
  expect((await file).suggestedFilename()).toBe('statement-Simulation.csv');
  await page.getByRole('button', { name: 'Reset' }).click();
  const question = page.getByRole('dialog');
  await expect(question).toContainText('begins with $100,000.00, and its pipelines follow');
  await check(page, 'account-reset');
  await question.getByRole('textbox').fill('Simulation');
  await question.getByRole('button', { name: 'Reset account' }).click();
  await expect(question).toBeHidden();
  await expect(page.getByRole('main')).not.toContainText('$105,000.00');
  await expect(page.getByRole('main')).toContainText('$100,000.00');
  await page.goto('/accounts');
  await expect(page.getByRole('heading', { name: 'Reset' })).toBeVisible();
});

test('a further account is opened', async ({ page }) => {
  await page.goto('/accounts');
  await page.getByRole('button', { name: 'New account' }).click();
  await page.getByLabel('Name').fill('Small');
  await page.getByLabel('Starting balance, USD').fill('2500');
  await check(page, 'account-new');
  await page.getByRole('button', { name: 'Open account' }).click();
  const small = page.getByRole('listitem').filter({ hasText: 'Small' });
  await expect(small).toContainText('$2,500.00');
});

test('Home tells equity, what is held and what is at risk', async ({ page, request }) => {
  await page.goto('/');
  await expect(page.getByText('Nothing is held.')).toBeVisible();
  await heldCoin(request, account, await calmAccount(request, account));
  const held = page.locator('k-top-positions');
  await expect(held.getByRole('link', { name: /BTCUSD/ })).toBeVisible();
  await expect(page.locator('k-standing-strip')).toContainText('Open positions');
  await check(page, 'home-positions');
  await held.getByRole('link', { name: /BTCUSD/ }).click();
  await expect(page).toHaveURL(/\/positions\//);
});

test('reconciliation is run by hand and says what was found', async ({ page, request }) => {
  await heldCoin(request, account, await calmAccount(request, account));
  await page.goto('/reconciliations');
  await page.getByRole('button', { name: 'Run now' }).first().click();
  await expect(
    page.getByText('Ledger, balances, positions and fills agree.').first(),
  ).toBeVisible();
  await check(page, 'reconciliations');
});
