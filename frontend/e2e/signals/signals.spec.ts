import { expect, type Page, test } from '@playwright/test';
import { type Account, logIn, newAccount, watchForErrors } from '../support/app';
import { newScanner, newSource, newSubscriber, send, type Source } from '../support/signals';

let account: Account;

test.beforeEach(async ({ page, request }) => {
  account = await newAccount(request);
  await logIn(page, account.email);
});

const AAPL = (confidence: number) => ({ ticker: 'AAPL', signal: 'BULLISH', confidence }) as const;

/** The signals of the account's own source: the platform's generators send some to everybody. */
function rows(page: Page) {
  return page
    .getByRole('table', { name: 'Signals' })
    .locator('tbody tr.k-row-link')
    .filter({ hasText: 'Scripts' });
}

test('a signal shows what it started, what not, and why', async ({ page, request }) => {
  const errors = watchForErrors(page);
  const scanner = await newScanner(request, account, 'Apple', ['AAPL']);
  await newSubscriber(request, account, 'Bold', scanner, 80);
  await newSubscriber(request, account, 'Careful', scanner, 90);
  const source = await newSource(request, account, 'Scripts');
  await page.goto('/signals');
  await expect(rows(page)).toHaveCount(0);

  expect(await send(request, source, [AAPL(85)], { rsi: 28.4 })).toBe(202);
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page)).toContainText('1 started');
  await expect(rows(page)).toContainText('1 skipped');
  await rows(page).getByRole('button').click();
  const detail = page.locator('k-signal-detail');
  await expect(detail).toContainText('confidence 85 meets your threshold of 80');
  await expect(detail).toContainText('Confidence 85 is below your threshold of 90.');
  await expect(detail).toContainText('28.4');
  await expect(page).toHaveURL(/open=/);
  await detail.getByRole('link', { name: 'Open the run' }).click();
  await expect(page).toHaveURL(/\/runs\/[0-9a-f-]{36}/);
  expect(errors).toEqual([]);
});

test('filters live in the address bar', async ({ page, request }) => {
  const source = await newSource(request, account, 'Scripts');
  await sendBoth(request, source);
  await page.goto('/signals');
  await expect(rows(page)).toHaveCount(2);
  await page.getByRole('button', { name: 'Started a run' }).click();
  await expect(page).toHaveURL(/outcome=started/);
  await expect(page.getByText('No signal matches')).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await page.getByRole('combobox', { name: 'Ticker' }).fill('MSFT');
  await page.getByRole('combobox', { name: 'Ticker' }).press('Enter');
  await expect(page).toHaveURL(/ticker=MSFT/);
  await expect(rows(page)).toHaveCount(1);
  await page.reload();
  await expect(rows(page)).toHaveCount(1);
});

test('while one reads, new signals wait', async ({ page, request }) => {
  const source = await newSource(request, account, 'Scripts');
  await send(request, source, [AAPL(85)]);
  await page.goto('/signals');
  await rows(page).getByRole('button').click();
  await send(request, source, [{ ticker: 'MSFT', signal: 'BEARISH', confidence: 60 }]);
  await page.getByRole('button', { name: /[0-9]+ new signals?/ }).click();
  await expect(rows(page)).toHaveCount(2);
  await expect(rows(page).first()).toContainText('MSFT');
});

async function sendBoth(request: Parameters<typeof send>[0], source: Source): Promise<void> {
  await send(request, source, [AAPL(85)]);
  await send(request, source, [{ ticker: 'MSFT', signal: 'BEARISH', confidence: 60 }]);
}
