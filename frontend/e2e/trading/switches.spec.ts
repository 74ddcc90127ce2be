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

test('a switch is set with a reason, is told on every page, and is taken back', async ({
  page,
}) => {
  await page.goto('/switches');
  await check(page, 'switches');
  await page.getByRole('radio', { name: 'Paused' }).click();
  await page.getByLabel('Why Your trading is switched').fill('Earnings tonight');
  await page.getByRole('button', { name: 'Set paused' }).click();
  await expect(page.getByText('“Earnings tonight”')).toBeVisible();
  await check(page, 'switches-paused');
  await page.goto('/runs');
  const banner = page.locator('k-switch-banner');
  await expect(banner).toContainText('Paused: Your trading. Earnings tonight');
  await check(page, 'switch-banner');
  await banner.getByRole('link', { name: 'Switches' }).click();
  await page.getByRole('radio', { name: 'Trading' }).click();
  await page.getByLabel('Why Your trading is switched').fill('Over');
  await page.getByRole('button', { name: 'Trade again' }).click();
  await expect(banner).not.toContainText('Paused');
});

test('a fire drill says what would be closed and closes nothing', async ({ page, request }) => {
  await heldCoin(request, account, await calmAccount(request, account));
  await page.goto('/switches');
  await page.getByRole('button', { name: 'Run a drill' }).click();
  await expect(page.getByText('It would close 1 position and take back no entries.')).toBeVisible();
  await check(page, 'fire-drill');
  expect(await openPositions(request, account)).toHaveLength(1);
});

test('the red button is held, by keyboard as well, and tells what became of each', async ({
  page,
  request,
}) => {
  await heldCoin(request, account, await calmAccount(request, account));
  await page.goto('/runs');
  await page.getByRole('button', { name: 'Close all positions' }).click();
  const dialog = page.getByRole('dialog');
  const button = dialog.getByRole('button', { name: 'Close 1 position' });
  await expect(dialog).toContainText('everything that is held in Simulation');
  await expect(dialog.getByRole('row').last()).toContainText(/about \$/);
  await check(page, 'close-all');
  await button.click();
  await expect(dialog).toContainText('nothing was done');
  expect(await openPositions(request, account)).toHaveLength(1);
  await button.focus();
  await page.keyboard.down('Space');
  await expect(dialog.getByText('1 position closed.')).toBeVisible({ timeout: 30_000 });
  await page.keyboard.up('Space');
  await expect(dialog.getByRole('listitem').filter({ hasText: COIN })).toContainText('Closed');
  await check(page, 'close-all-done');
  expect(await openPositions(request, account)).toEqual([]);
});
