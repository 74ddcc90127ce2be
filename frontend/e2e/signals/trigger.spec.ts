import { expect, test } from '@playwright/test';
import {
  type Account,
  activeSchedule,
  importBars,
  logIn,
  newAccount,
  newPipeline,
} from '../support/app';
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
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('Starts every 15 min on AAPL instead of by hand');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(panel.getByRole('switch', { name: 'Switched off' })).not.toBeChecked();
  await panel.getByRole('switch', { name: 'Switched off' }).click();
  await dialog.getByRole('button', { name: 'Publish and switch on' }).click();
  await expect(panel.getByRole('switch', { name: 'Active' })).toBeChecked();
  await expect(page.getByRole('button', { name: 'Published v2' })).toBeVisible();
  await expect(panel.getByText('Next run')).toBeVisible();
  await page.goto('/pipelines');
  await expect(page.getByRole('row', { name: /Clockwork.*Active.*Every 15 min/ })).toBeVisible();
});

test('a schedule on an import that has ended says that every start will fail', async ({
  page,
  request,
}) => {
  const bars = ['OLDCO,2020-11-02,10,11,9,10.5,100', 'OLDCO,2020-11-03,10,11,9,10.5,100'];
  const head = 'symbol,date,open,high,low,close,volume';
  await importBars(request, account, [head, ...bars, ''].join('\n'));
  const id = await newPipeline(request, account, 'Clockwork');
  await page.goto(`/pipelines/${id}`);
  await page.getByRole('button', { name: 'By hand' }).click();
  const panel = page.locator('k-trigger-panel');
  await panel.getByRole('radio', { name: 'On schedule' }).click();
  const symbols = panel.getByLabel('Symbols', { exact: true });
  await symbols.fill('OLDCO');
  await symbols.press('Enter');
  const warning = panel.getByText(
    /^Your prices of OLDCO end on 3 Nov 2020\. Every start will fail/,
  );
  await expect(warning).toBeVisible();
  await panel.getByRole('button', { name: 'Remove OLDCO' }).click();
  await expect(warning).toHaveCount(0);
  await symbols.fill('AAPL');
  await symbols.press('Enter');
  await expect(panel.getByRole('button', { name: 'Remove AAPL' })).toBeVisible();
  await expect(panel.getByText(/^Your prices of/)).toHaveCount(0);
});

test('an active pipeline is not switched off, nor left on, without being asked', async ({
  page,
  request,
}) => {
  const id = await newPipeline(request, account, 'Asked');
  await activeSchedule(request, account, id);
  await page.goto(`/pipelines/${id}`);
  await page.getByRole('button', { name: /Every hour|Hourly|Every 60 min/ }).click();
  const panel = page.locator('k-trigger-panel');
  const until = panel.getByText('Until then it starts every hour on AAPL.');
  await panel.getByRole('button', { name: 'Remove AAPL' }).click();
  await expect(until).toBeVisible();
  await expect(panel.getByRole('switch', { name: 'Active' })).toBeChecked();
  await panel.getByRole('radio', { name: 'By hand' }).click();
  await expect(until).toBeVisible();
  await expect(page.locator('k-save-state')).toHaveAttribute('data-state', 'saved');
  await expect(panel.getByRole('switch', { name: 'Active' })).toBeChecked();
  await expect(page.locator('k-trigger-button')).toContainText(/Every hour.*Draft: By hand/);
  await page.getByRole('button', { name: 'Fit to the window' }).focus();
  await page.keyboard.press('Control+z');
  await expect(panel.getByRole('radio', { name: 'On schedule' })).toBeChecked();
  await page.reload();
  await page.getByRole('button', { name: 'Redo' }).click();
  await expect(page.locator('k-trigger-button')).toContainText(/Every hour.*Draft: By hand/);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('button', { name: 'Published v2' })).toBeVisible();
  await page.locator('k-trigger-button button').click();
  await panel.getByRole('radio', { name: 'By hand' }).click();
  await panel.getByRole('radio', { name: 'On schedule' }).click();
  await expect(panel.getByRole('button', { name: 'Remove AAPL' })).toBeVisible();
  await page.getByRole('button', { name: 'Fit to the window' }).focus();
  await page.keyboard.press('Control+z');
  await expect(until).toBeVisible();
  await expect(page.locator('k-save-state')).toHaveAttribute('data-state', 'saved');

  await page.getByRole('button', { name: 'Publish', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('Starts by hand instead of every hour on AAPL');
  await expect(dialog).toContainText('it is switched off first');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.goto('/pipelines');
  await expect(page.getByRole('row', { name: /Asked.*Active.*Every hour/ })).toBeVisible();

  await page.getByRole('link', { name: 'Asked' }).click();
  await page.getByRole('button', { name: 'Publish', exact: true }).click();
  await dialog.getByRole('button', { name: 'Switch off and publish' }).click();
  await expect(page.getByText('Version 3 published')).toBeVisible();
  await page.goto('/pipelines');
  await expect(page.getByRole('row', { name: /Asked.*Off.*By hand/ })).toBeVisible();
});

test('subscriptions say what they would have started', async ({ page, request }) => {
  const id = await newPipeline(request, account, 'Listener');
  await newScanner(request, account, 'Apple', ['AAPL']);
  const source = await newSource(request, account, 'Scripts');
  await send(request, source, [{ ticker: 'AAPL', signal: 'BULLISH', confidence: 99 }]);
  await send(request, source, [{ ticker: 'AAPL', signal: 'BULLISH', confidence: 1 }]);
  await page.goto('/signals');
  const own = page.locator('k-signal-table tr.k-row-link').filter({ hasText: 'Scripts' });
  await expect(own).toHaveCount(2);
  await page.goto(`/pipelines/${id}`);
  await page.getByRole('button', { name: 'By hand' }).click();
  const panel = page.locator('k-trigger-panel');
  const scanners = page.waitForResponse('**/api/v1/scanners?**');
  await panel.getByRole('radio', { name: 'On signals' }).click();
  await scanners;
  await expect(panel.getByText('Choose a scanner.')).toBeVisible();
  await panel.getByRole('combobox', { name: 'Scanner' }).click();
  await page.getByRole('option', { name: 'Apple' }).click();
  await panel.getByRole('button', { name: 'Add a signal type' }).click();
  await panel.getByRole('combobox', { name: 'Signal type' }).click();
  await page.getByRole('option', { name: 'External' }).click();
  await expect(panel.getByText('In the last 30 days this would have started 1 run.')).toBeVisible();
  await panel.getByRole('switch', { name: 'Switched off' }).click();
  await page.getByRole('button', { name: 'Publish and switch on' }).click();
  await expect(panel.getByText('Waits for signals.')).toBeVisible();
  await page.reload();
  await page.getByRole('button', { name: 'On signals' }).click();
  await expect(panel.getByRole('combobox', { name: 'Scanner' })).toContainText('Apple');
  await panel.getByRole('switch', { name: 'Active' }).click();
  await expect(panel.getByRole('switch', { name: 'Switched off' })).not.toBeChecked();
});
