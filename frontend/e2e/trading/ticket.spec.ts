import { expect, test } from '@playwright/test';
import { type Account, logIn, newAccount } from '../support/app';
import { check } from '../support/look';
import { calmAccount, COIN, coinPrice } from '../support/trading';

let account: Account;

test.setTimeout(180_000);

test.beforeEach(async ({ page, request }) => {
  account = await newAccount(request);
  await calmAccount(request, account);
  await logIn(page, account.email);
});

test('an order by hand is filled in, reviewed, sent and followed', async ({ page, request }) => {
  const price = await coinPrice(request, account);
  await page.goto(`/symbols/${COIN}`);
  await page.getByRole('button', { name: 'New order' }).click();
  const ticket = page.getByRole('dialog');
  await ticket.getByRole('button', { name: 'Review' }).click();
  await expect(ticket.getByText('Enter a number above 0.')).toBeVisible();
  await check(page, 'ticket-faults');
  await ticket.getByLabel('Quantity').fill('0.1');
  await ticket.getByLabel('Stop loss').fill((price * 2).toFixed(2));
  await expect(ticket.getByText('It has to be below the entry.')).toBeVisible();
  await ticket.getByLabel('Stop loss').fill((price * 0.8).toFixed(2));
  await ticket.getByLabel('Target 1').fill((price * 1.2).toFixed(2));
  await check(page, 'ticket');
  await ticket.getByRole('button', { name: 'Review' }).click();
  await expect(ticket.getByText(`Buy 0.1 ${COIN} at the market`)).toBeVisible();
  await expect(ticket.getByText('Lost at the stop (1 R)')).toBeVisible();
  await check(page, 'ticket-review');
  await ticket.getByRole('button', { name: 'Send order' }).click();
  await expect(ticket.getByText(/0\.1 filled at/)).toBeVisible({ timeout: 30_000 });
  await check(page, 'ticket-result');
  await ticket.getByRole('link', { name: 'Open the position' }).click();
  await expect(page.getByText(/^Entry: bought 0\.1 at/)).toBeVisible();
  await page.goto('/orders');
  await page.getByRole('button', { name: `Details of Buy 0.1 ${COIN}` }).click();
  await expect(page.getByRole('table', { name: 'Fills' })).toBeVisible();
  await check(page, 'orders');
});

test('what the venue refuses is shown at its field, and nothing is placed', async ({ page }) => {
  await page.goto(`/symbols/${COIN}`);
  await page.getByRole('button', { name: 'New order' }).click();
  const ticket = page.getByRole('dialog');
  await ticket.getByLabel('Quantity').fill('1000000');
  await ticket.getByLabel('Stop loss').fill('1');
  await ticket.getByRole('button', { name: 'Review' }).click();
  await ticket.getByRole('button', { name: 'Send order' }).click();
  await expect(ticket.getByRole('alert').first()).toBeVisible();
  await page.goto('/orders');
  await expect(page.getByText('Nothing was ordered yet')).toBeVisible();
});

test('an order that waits is told why, and is cancelled', async ({ page, request }) => {
  const price = await coinPrice(request, account);
  await page.goto(`/symbols/${COIN}`);
  await page.getByRole('button', { name: 'New order' }).click();
  const ticket = page.getByRole('dialog');
  await ticket.getByLabel('Type').selectOption('limit');
  await ticket.getByLabel('Limit price').fill((price * 0.7).toFixed(2));
  await ticket.getByLabel('Quantity').fill('0.1');
  await ticket.getByLabel('Stop loss').fill((price * 0.6).toFixed(2));
  await ticket.getByRole('button', { name: 'Review' }).click();
  await ticket.getByRole('button', { name: 'Send order' }).click();
  await expect(ticket.locator('k-order-state')).toContainText('Working', { timeout: 30_000 });
  await page.goto('/orders?state=open');
  await page.getByRole('button', { name: `Cancel Buy 0.1 ${COIN}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel order' }).click();
  await expect(page.getByText('No order matches')).toBeVisible({ timeout: 30_000 });
  await page.goto('/orders?state=ended');
  await expect(page.locator('k-order-state')).toContainText('Cancelled');
});
