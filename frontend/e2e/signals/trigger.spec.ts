import { expect, test } from '@playwright/test';
import { type Account, logIn, newAccount, newPipeline } from '../support/app';
import { newScanner, newSource, send } from '../support/signals';

let account: Account;

test.beforeEach(async ({ page, request }) => {
  account = await newAccount(request);
  await logIn(page, account.email);
});

test('a schedule is set up, switched on, and shown in the list', async ({ page, request }) => {
  const id = await newPipeline(request, account, 'Clockwork');
  await page.goto(`/pipelines/${id}`);
  await page.getByRole('button', { name: 'By hand' }).click();
  const panel = page.locator('k-trigger-panel');
  await panel.getByRole('radio', { name: 'On schedule' }).click();
  await expect(panel.getByText('Name at least one symbol.')).toBeVisible();
  await expect(panel.getByRole('switch', { name: 'Switched off' })).toBeDisabled();
  await panel.getByRole('button', { name: '15 min' }).click();
  await panel.getByLabel('Symbols', { exact: true }).fill('AAPL');
  await panel.getByLabel('Symbols', { exact: true }).press('Enter');
  await panel.getByRole('switch', { name: 'Switched off' }).click();
  await expect(panel.getByRole('switch', { name: 'Active' })).toBeChecked();
  await expect(panel.getByText('Next run')).toBeVisible();
  await page.goto('/pipelines');
  await expect(page.getByRole('row', { name: /Clockwork.*Active.*Every 15 min/ })).toBeVisible();
});

test('subscriptions say what they would have started', async ({ page, request }) => {
  const id = await newPipeline(request, account, 'Listener');
  await newScanner(request, account, 'Apple', ['AAPL']);
  const source = await newSource(request, account, 'Scripts');
  await send(request, source, [{ ticker: 'AAPL', signal: 'BULLISH', confidence: 99 }]);
  await send(request, source, [{ ticker: 'AAPL', signal: 'BULLISH', confidence: 1 }]);
  await page.goto('/signals');
  await expect(page.locator('k-signal-table tr.k-row-link')).toHaveCount(2);
  await page.goto(`/pipelines/${id}`);
  await page.getByRole('button', { name: 'By hand' }).click();
  const panel = page.locator('k-trigger-panel');
  await panel.getByRole('radio', { name: 'On signals' }).click();
  await expect(panel.getByText('Choose a scanner.')).toBeVisible();
  await panel.getByRole('combobox', { name: 'Scanner' }).click();
  await page.getByRole('option', { name: 'Apple' }).click();
  await panel.getByRole('button', { name: 'Add a signal type' }).click();
  await panel.getByRole('combobox', { name: 'Signal type' }).click();
  await page.getByRole('option', { name: 'External' }).click();
  await expect(panel.getByText('In the last 30 days this would have started 1 run.')).toBeVisible();
  await panel.getByRole('switch', { name: 'Switched off' }).click();
  await expect(panel.getByText('Waits for signals.')).toBeVisible();
  await page.reload();
  await page.getByRole('button', { name: 'On signals' }).click();
  await expect(panel.getByRole('combobox', { name: 'Scanner' })).toContainText('Apple');
  await panel.getByRole('switch', { name: 'Active' }).click();
  await expect(panel.getByRole('switch', { name: 'Switched off' })).not.toBeChecked();
});
