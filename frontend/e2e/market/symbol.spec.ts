import { expect, type Page, test } from '@playwright/test';
import { type Account, finishedRun, logIn, newAccount, newPipeline } from '../support/app';
import { check } from '../support/look';

let account: Account;

test.beforeEach(async ({ page, request }) => {
  account = await newAccount(request);
  await logIn(page, account.email);
});

const chart = (page: Page) => page.locator('k-price-chart');
const legend = (page: Page) => chart(page).locator('.legend');
const drawn = (page: Page) =>
  expect(chart(page).locator('canvas').first()).toBeVisible({ timeout: 45_000 });

test('the page of a symbol: its chart, indicators, runs and the way onwards', async ({
  page,
  request,
}) => {
  test.setTimeout(180_000);
  const pipeline = await newPipeline(request, account, 'Swing');
  const run = await finishedRun(request, account, pipeline);
  await page.goto('/symbols/AAPL');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/AAPL\s*Apple/);
  await drawn(page);
  await expect(chart(page)).toContainText('Simulated prices');
  const prices = page.getByRole('group', { name: 'Prices' });
  await expect(prices.getByRole('button')).toHaveText(['Chosen by date', 'Sample', 'Simulated']);
  await prices.getByRole('button', { name: 'Sample' }).click();
  await expect(page).toHaveURL(/prices=sample/);
  await expect(chart(page)).toContainText('Sample prices');
  await expect(chart(page)).toContainText('New York time');
  await expect(page.locator('dl')).toContainText(/Last bar\s*1 Mar 2013/);
  await expect(legend(page)).toContainText('1 Mar 2013');
  await expect(legend(page)).toContainText('430.47');
  await chart(page).getByRole('button', { name: 'Indicators' }).click();
  for (const name of ['SMA 50', 'Bollinger 20', 'RSI 14'])
    await page.getByRole('menuitemcheckbox', { name }).click();
  await page.keyboard.press('Escape');
  await expect(legend(page)).toContainText(/RSI 14\s*\d/);
  await check(page, 'symbol');
  await chart(page).getByRole('button', { name: '1w', exact: true }).click();
  await expect(legend(page)).toContainText('25 Feb 2013');
  await expect(page.getByRole('link', { name: /Done/ })).toHaveAttribute('href', `/runs/${run}`);
  await page.getByRole('link', { name: 'Use in a pipeline' }).click();
  await expect(page.getByText('change and run on AAPL')).toBeVisible();
});

test('the chart goes from bar to bar by keyboard and says each', async ({ page }) => {
  await page.goto('/symbols/AAPL?prices=sample');
  await drawn(page);
  const canvas = page.getByRole('group', { name: /^Chart of AAPL/ });
  await canvas.focus();
  await page.keyboard.press('ArrowLeft');
  await expect(legend(page)).toContainText('28 Feb 2013');
  await expect(chart(page).locator('[aria-live=polite]')).toContainText('28 Feb 2013, open');
  await page.keyboard.press('Shift+ArrowLeft');
  await expect(legend(page)).toContainText('13 Feb 2013');
  await page.keyboard.press('Escape');
  await expect(legend(page)).toContainText('1 Mar 2013');
});

test('older bars are loaded as one goes back, all up to the same end', async ({ page }) => {
  const limits: string[] = [];
  page.on('request', (call) => {
    const url = new URL(call.url());
    if (url.pathname.endsWith('/market/bars')) limits.push(url.searchParams.get('limit') ?? '');
  });
  await page.goto('/symbols/AAPL?prices=sample');
  await drawn(page);
  expect(limits).toEqual(['500']);
  await page.getByRole('group', { name: /^Chart of AAPL/ }).focus();
  await page.keyboard.press('Home');
  await expect.poll(() => limits.at(-1)).toBe('1000');
});

test('signs in a symbol do no harm, and other spellings lead to its one address', async ({
  page,
}) => {
  await page.goto('/symbols/gbp%2Fusd');
  await expect(page).toHaveURL(/\/symbols\/GBPUSD$/);
  await expect(page.getByText('Simulated prices').first()).toBeVisible();
  for (const [address, symbol] of [
    ['%5EGSPC', '^GSPC'],
    ['ES1!', 'ES1!'],
    ['BRK.B', 'BRK.B'],
    ['LSE:VOD', 'LSE:VOD'],
  ]) {
    await page.goto(`/symbols/${address}`);
    await expect(page.getByText(`There are no prices for ${symbol}`)).toBeVisible();
    await expect(page.getByRole('link', { name: 'Import prices' })).toBeVisible();
  }
  await check(page, 'symbol-unknown');
});

test('what cannot be read says so and is read again on Retry', async ({ page }) => {
  let reads = 0;
  await page.route(/market\/bars/, (route) => {
    reads += 1;
    return route.abort();
  });
  await page.goto('/symbols/AAPL');
  await expect(chart(page).getByRole('alert')).toContainText('Kuber cannot be reached');
  await check(page, 'symbol-error');
  const before = reads;
  const retry = chart(page).getByRole('button', { name: 'Retry' });
  await retry.click();
  await expect.poll(() => reads).toBeGreaterThan(before);
  await page.unroute(/market\/bars/);
  await expect(async () => {
    // Once the server is back the page may have read by itself.
    if (await retry.isVisible()) await retry.click({ timeout: 1000 });
    await drawn(page);
  }).toPass();
});

test('symbols lead to their page from lists', async ({ page, request }) => {
  const pipeline = await newPipeline(request, account, 'Swing');
  const run = await finishedRun(request, account, pipeline);
  for (const address of ['/runs', `/runs/${run}`]) {
    await page.goto(address);
    await page.getByRole('main').getByRole('link', { name: 'AAPL', exact: true }).first().click();
    await expect(page).toHaveURL(/\/symbols\/AAPL$/);
  }
});
