import { expect, test } from '@playwright/test';
import { type Account, logIn, newAccount } from '../support/app';
import { newScanner, newSource, newSubscriber, send } from '../support/signals';

let account: Account;

test.beforeEach(async ({ page, request }) => {
  account = await newAccount(request);
  await logIn(page, account.email);
});

test('a new webhook shows its secret once and takes a test', async ({ page }) => {
  await page.goto('/signals/webhooks');
  await page.getByRole('button', { name: 'Create a webhook' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Breakouts');
  await page.getByRole('button', { name: 'Create webhook' }).click();
  const secret = page.locator('.once code');
  await expect(secret).toHaveText(/^\S{20,}$/);
  const text = (await secret.textContent()) ?? '';
  await expect(page.locator('k-copy-field .block')).toContainText(text);
  await page.getByRole('button', { name: 'Send a test' }).click();
  await page.getByRole('button', { name: 'Send test' }).click();
  await expect(page.getByText('Accepted 202').first()).toBeVisible();
  await page.getByRole('link', { name: 'What came of it' }).first().click();
  await expect(page).toHaveURL(/\/signals\/[0-9a-f-]{36}/);
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Breakouts' })).toBeVisible();
  await expect(page.locator('main')).not.toContainText(text);
});

test('a test says what one chooses, and starts what subscribes to it', async ({
  page,
  request,
}) => {
  const scanner = await newScanner(request, account, 'Tested', ['MSFT']);
  await newSubscriber(request, account, 'Listener', scanner, 70);
  const source = await newSource(request, account, 'Trial');
  await page.goto(`/signals/webhooks/${source.id}`);
  await page.getByRole('button', { name: 'Send a test' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('This starts runs.');
  await dialog.getByLabel('Confidence, 0 to 100').fill('101');
  await expect(dialog.getByText('Enter a confidence from 0 to 100.')).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Send test' })).toBeDisabled();
  await dialog.getByLabel('Confidence, 0 to 100').fill('85');
  await dialog.getByRole('radio', { name: 'Bearish' }).click();
  await dialog.getByLabel('Ticker').fill('MSFT');
  await dialog.getByRole('button', { name: 'Send test' }).click();
  await page.getByRole('link', { name: 'What came of it' }).first().click();
  await expect(page).toHaveURL(/\/signals\/[0-9a-f]{8}-/);
  await expect(page.locator('main')).toContainText('MSFT');
  await expect(async () => {
    await page.reload();
    await expect(page.locator('main')).toContainText('1 started', { timeout: 2_000 });
  }).toPass();
});

test('a refused delivery says why', async ({ page, request }) => {
  const source = await newSource(request, account, 'Forger');
  const wrong = { ...source, secret: 'not-the-secret' };
  const ticker = { ticker: 'AAPL', signal: 'BULLISH', confidence: 85 } as const;
  expect(await send(request, wrong, [ticker])).toBe(401);
  await page.goto(`/signals/webhooks/${source.id}`);
  await expect(page.getByText('Refused 401')).toBeVisible();
  await expect(page.getByText('No secret of this source gives this signature.')).toBeVisible();
});

test('settings are kept and a webhook can be switched off and deleted', async ({
  page,
  request,
}) => {
  const source = await newSource(request, account, 'Alerts', 'tradingview');
  await page.goto(`/signals/webhooks/${source.id}`);
  await page.getByLabel('Allowed senders').fill('nonsense');
  await expect(page.getByText('Not an address or network: nonsense.')).toBeVisible();
  await page.getByLabel('Allowed senders').fill('192.0.2.0/24');
  await page.getByRole('button', { name: 'Save settings' }).click();
  await expect(page.getByRole('button', { name: 'Save settings' })).toBeDisabled();
  await page.getByRole('switch', { name: 'Takes deliveries' }).click();
  await expect(page.getByRole('switch', { name: 'Switched off' })).toBeVisible();
  await page.reload();
  await expect(page.getByLabel('Allowed senders')).toHaveValue('192.0.2.0/24');
  await page.goto('/signals/webhooks');
  await page.getByRole('button', { name: 'Actions for Alerts' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('No webhooks yet')).toBeVisible();
});

test('a new secret is shown once, and the one before goes on for a while', async ({
  page,
  request,
}) => {
  const source = await newSource(request, account, 'Turning');
  await page.goto(`/signals/webhooks/${source.id}`);
  await page.getByRole('button', { name: 'Make a new secret' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Make a new secret' }).click();
  await expect(page.locator('.once code')).toHaveText(/^\S{20,}$/);
  await expect(page.getByText('The one before works until')).toBeVisible();
  await page.getByRole('button', { name: 'I have copied it' }).click();
  await expect(page.locator('.once')).toHaveCount(0);
});
