import { type APIRequestContext, expect, type Page, test } from '@playwright/test';
import { importBars, logIn, newAccount } from '../support/app';
import { check } from '../support/look';

const BARS = `symbol,date,open,high,low,close,volume
VOD.L,2024-01-02,70,71,69,70.5,1000
VOD.L,2024-01-03,70,72,69,71.5,1200
AAPL,2024-01-02,187,188,183,185.6,82000000
`;

test.setTimeout(180_000);

/** The page, with an import, and an instrument of which its user decided something. */
async function furnish(page: Page, request: APIRequestContext): Promise<void> {
  const account = await newAccount(request);
  await importBars(request, account, BARS);
  await request.put('/api/v1/market/instruments/AAPL', {
    headers: { Authorization: `Bearer ${account.token}` },
    data: { tick: '0.05', market: '24/7' },
  });
  await logIn(page, account.email);
  await openInstruments(page);
}

async function openInstruments(page: Page): Promise<void> {
  await page.getByRole('navigation', { name: 'Main' }).getByText('Market').click();
  await expect(page.getByRole('button', { name: 'AAPL', exact: true })).toBeVisible();
}

test('a market is changed, told about, and given back', async ({ page, request }) => {
  const account = await newAccount(request);
  await importBars(request, account, BARS);
  await logIn(page, account.email);
  await openInstruments(page);
  await page.getByLabel('Search instruments by symbol or name').fill('vod');
  const row = page.getByRole('row', { name: /VOD\.L/ });
  await expect(row).toContainText('London Stock Exchange');
  await expect(row).toContainText('Your import');
  await expect(row).toContainText('2 Jan 2024 to 3 Jan 2024');
  await expect(page.getByRole('row')).toHaveCount(2);
  await page.getByRole('button', { name: 'VOD.L', exact: true }).press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Market').selectOption({ label: '24/5, days end 00:00 UTC' });
  await dialog.getByLabel('Tick, the smallest step of a price').fill('0.02');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByRole('status')).toContainText('keep the closes they were imported with');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(row).toContainText('24/5, days end 00:00 UTC');
  await expect(row).toContainText('0.02');
  await expect(page).toHaveURL(/search=vod$/);
  await page.reload();
  await row.click();
  await dialog.getByRole('button', { name: 'Reset' }).click();
  await page
    .getByRole('dialog', { name: /^Reset/ })
    .getByRole('button', { name: 'Reset' })
    .click();
  await expect(dialog.getByRole('status')).toContainText('keep the closes');
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(row).toContainText('London Stock Exchange');
});

test('the prices that always answer are chosen, shown on the chart, and given back', async ({
  page,
  request,
}) => {
  const account = await newAccount(request);
  await importBars(request, account, BARS);
  await logIn(page, account.email);
  await openInstruments(page);
  const row = page.getByRole('row', { name: /AAPL/ });
  await expect(row).toContainText('Your import');
  await page.getByRole('button', { name: 'AAPL', exact: true }).click();
  const dialog = page.getByRole('dialog');
  const prices = dialog.getByRole('combobox', { name: 'Prices' });
  await expect(prices.getByRole('option')).toHaveText([
    /^\s*Chosen by date/,
    /Always your import/,
    /Always the sample/,
    /Always the provider/,
  ]);
  await prices.selectOption({ label: 'Always the sample' });
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  await expect(row).toContainText('Always, decided by you');
  await row.getByRole('link', { name: 'Chart of AAPL' }).click();
  await expect(page.getByText('Sample prices').first()).toBeVisible();
  const choice = page.getByRole('group', { name: 'Prices' });
  await choice.getByRole('button', { name: 'Your import' }).click();
  await expect(page).toHaveURL(/prices=imported/);
  await expect(page.locator('k-price-chart')).toContainText('Imported prices');
  await page.goto('/instruments?symbol=AAPL');
  await dialog.getByRole('button', { name: 'Reset' }).click();
  await page
    .getByRole('dialog', { name: /^Reset/ })
    .getByRole('button', { name: 'Reset' })
    .click();
  await expect(row).not.toContainText('Always, decided by you');
});

test('a symbol is set up before there are prices of it', async ({ page, request }) => {
  const account = await newAccount(request);
  await logIn(page, account.email);
  await openInstruments(page);
  await page.getByLabel('Search instruments by symbol or name').fill('ZZZ.L');
  await expect(page.getByText('No instrument matches')).toBeVisible();
  await page.getByRole('button', { name: 'set up ZZZ.L' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Zebra');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('row', { name: /ZZZ\.L/ })).toContainText('No prices');
});

test('the list of instruments has no violations', async ({ page, request }) => {
  await furnish(page, request);
  await check(page, 'instruments');
});

test('an instrument has no violations', async ({ page, request }) => {
  await furnish(page, request);
  await page.getByRole('button', { name: 'AAPL', exact: true }).click();
  await expect(page.getByRole('dialog').getByLabel('Market')).toBeVisible();
  await check(page, 'instrument');
});

test('the list has no violations where nothing is found', async ({ page, request }) => {
  await furnish(page, request);
  await page.getByLabel('Search instruments by symbol or name').fill('nothing like it');
  await expect(page.getByText('No instrument matches')).toBeVisible();
  await check(page, 'instruments-none');
});

test('the list has no violations without instruments', async ({ page, request }) => {
  await logIn(page, (await newAccount(request)).email);
  await page.route('**/api/v1/market/instruments?*', (route) =>
    route.fulfill({ json: { items: [], next_cursor: null } }),
  );
  await page.goto('/instruments');
  await expect(page.getByText('No instruments yet')).toBeVisible();
  await check(page, 'instruments-empty');
});

test('the list has no violations where it cannot be read', async ({ page, request }) => {
  await logIn(page, (await newAccount(request)).email);
  await page.route('**/api/v1/market/instruments?*', (route) =>
    route.fulfill({ status: 500, body: 'no' }),
  );
  await page.goto('/instruments');
  await expect(page.getByRole('alert')).toBeVisible();
  await check(page, 'instruments-error');
});

test('the page does not scroll sideways on a phone', async ({ page, request }) => {
  const account = await newAccount(request);
  await logIn(page, account.email);
  await openInstruments(page);
  await page.setViewportSize({ width: 390, height: 844 });
  const over = () => page.locator('main').evaluate((main) => main.scrollWidth - main.clientWidth);
  await expect.poll(over).toBeLessThanOrEqual(0);
});
