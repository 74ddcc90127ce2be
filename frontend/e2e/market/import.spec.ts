import { expect, type Locator, type Page, test } from '@playwright/test';
import { logIn, newAccount, watchForErrors } from '../support/app';
import { check } from '../support/look';

const YAHOO = [
  'Date,Open,High,Low,Close,Adj Close,Volume',
  '2024-01-02,187.15,188.44,183.89,185.64,184.94,82488700',
  '2024-01-03,184.22,185.88,183.43,184.25,183.55,58414500',
  '2024-01-04,182.15,183.09,180.88,181.91,181.22,71983600',
].join('\n');
/** Half hours as a German spreadsheet writes them. */
const GERMAN = [
  'ticker;date;time;open;high;low;close;volume',
  'SAP;02.01.2024;09:00;138,50;139,20;136,80;137,10;1.500',
  'SAP;02.01.2024;09:30;137,10;137,90;135,00;135,40;1.400',
  'SAP;02.01.2024;10:00;135,40;136,10;135,20;136,00;1.100',
].join('\r\n');
const BROKEN = [
  'symbol,date,open,high,low,close,volume',
  ...Array.from(
    { length: 25 },
    (_, i) => `ACME,2024-01-${String(i + 1).padStart(2, '0')},1,2,1,-3,10`,
  ),
].join('\n');

interface Upload {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}
const fileOf = (name: string, text: string): Upload => ({
  name,
  mimeType: 'text/csv',
  buffer: Buffer.from(text),
});
const choose = (page: Page, ...files: Upload[]) =>
  page.getByLabel('Files with prices').setInputFiles(files);
const cardOf = (page: Page, name: string): Locator => page.getByRole('article', { name });

/** Drops files onto the page, as a person does from a folder. */
async function drop(page: Page, files: readonly Upload[]): Promise<void> {
  const texts = files.map(({ name, buffer }) => ({ name, text: buffer.toString() }));
  const data = await page.evaluateHandle((given) => {
    const transfer = new DataTransfer();
    for (const { name, text } of given) transfer.items.add(new File([text], name));
    return transfer;
  }, texts);
  await page.dispatchEvent('k-drop-zone', 'dragover', { dataTransfer: data });
  await expect(page.getByText('Let go to add the files')).toBeVisible();
  await page.dispatchEvent('k-drop-zone', 'drop', { dataTransfer: data });
}

async function openImport(page: Page): Promise<void> {
  const main = page.getByRole('navigation', { name: 'Main' });
  await main.getByRole('link', { name: 'Market' }).click();
  await page.getByRole('link', { name: 'Import', exact: true }).click();
}

test.beforeEach(async ({ page, request }) => {
  const account = await newAccount(request);
  await logIn(page, account.email);
  await openImport(page);
  await expect(page.getByRole('heading', { name: 'Import price history' })).toBeAttached();
});

test('files are dropped, corrected, imported and undone', async ({ page }) => {
  test.slow();
  const errors = watchForErrors(page);
  await expect(page.getByText('Nothing imported yet')).toBeVisible();
  await check(page, 'import-empty');
  await drop(page, [fileOf('AAPL.csv', YAHOO), fileOf('SAP half hours.csv', GERMAN)]);

  // Yahoo's file does not say whose prices it holds.
  const yahoo = cardOf(page, 'AAPL.csv');
  await expect(yahoo.getByText('Needs a correction')).toBeVisible();
  await expect(yahoo.getByRole('alert')).toContainText('does not say which symbol');
  await yahoo.getByRole('button', { name: 'Use AAPL' }).click();
  await expect(yahoo.getByText('Ready to import')).toBeVisible();
  await expect(yahoo).toContainText('3 bars of AAPL, 2 Jan 2024 to 4 Jan 2024');
  await expect(yahoo.getByLabel('Market')).toHaveValue('');
  await expect(yahoo.getByRole('table', { name: 'First bars' })).toContainText('2 Jan 2024, 14:30');
  await expect(yahoo.getByRole('table', { name: 'First bars' })).toContainText('2 Jan 2024, 09:30');

  // Its times are not UTC but those of Frankfurt, and so is its market.
  const german = cardOf(page, 'SAP half hours.csv');
  await expect(german).toContainText('Semicolons between values, decimal comma');
  await german.getByLabel('Times are in').fill('berlin');
  await page.getByRole('option', { name: 'Europe/Berlin' }).click();
  await expect(german.getByRole('table', { name: 'First bars' })).toContainText('08:00');
  await german.getByLabel('Market').selectOption('XETR');
  await expect(german.getByRole('columnheader', { name: 'Opens, Berlin' })).toBeVisible();
  await expect(german.getByText('You said so')).toHaveCount(2);
  await check(page, 'import-previews');

  await page.getByRole('button', { name: 'Import all' }).click();
  await expect(yahoo.getByText('Imported', { exact: true })).toBeVisible();
  await expect(german.getByText('Imported', { exact: true })).toBeVisible();
  await expect(yahoo.getByRole('link', { name: 'Chart of AAPL' })).toHaveAttribute(
    'href',
    '/symbols/AAPL',
  );
  await check(page, 'import-done');

  await yahoo.getByRole('button', { name: 'Undo' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('3 bars of AAPL');
  await expect(dialog).toContainText('comes back');
  await dialog.getByRole('button', { name: 'Undo import' }).click();
  await expect(yahoo.getByText('Undone', { exact: true })).toBeVisible();
  const row = page.getByRole('row', { name: /AAPL\.csv/ });
  await expect(row).toContainText('Undone');
  expect(errors).toEqual([]);
});

test('a refused file says what to put right, line by line', async ({ page }) => {
  await choose(page, fileOf('acme.csv', BROKEN));
  const card = cardOf(page, 'acme.csv');
  await expect(card.getByRole('alert')).toContainText('20 things to put right');
  await expect(card.getByRole('alert')).toContainText('Line 2, close');
  await expect(card.getByRole('alert').getByRole('listitem')).toHaveCount(5);
  await card.getByRole('button', { name: 'Show 15 more' }).click();
  await expect(card.getByRole('alert').getByRole('listitem')).toHaveCount(20);
  await expect(card.getByRole('button', { name: 'Import' })).toHaveCount(0);
  await check(page, 'import-refused');
  await choose(page, fileOf('pages.pdf', '%PDF-1.7'));
  await expect(cardOf(page, 'pages.pdf').getByRole('alert')).toContainText("type '.pdf'");
});

test('a preview that was left behind is opened again, and thrown away', async ({ page }) => {
  await choose(page, fileOf('SAP half hours.csv', GERMAN));
  await expect(cardOf(page, 'SAP half hours.csv').getByText('Ready to import')).toBeVisible();
  await page.reload();
  await expect(page.getByRole('article')).toHaveCount(0);
  const actions = page.getByRole('button', { name: 'Actions for SAP half hours.csv' });
  await actions.click();
  await page.getByRole('menuitem', { name: 'Open' }).click();
  const card = cardOf(page, 'SAP half hours.csv');
  await expect(card).toContainText('3 bars of SAP');
  await card.getByLabel('Times are in').fill('Mars/Olympus');
  await card.getByLabel('Times are in').press('Enter');
  await expect(card.getByText("There is no time zone 'Mars/Olympus'.")).toBeVisible();
  await expect(card.getByRole('status')).toHaveText(/put right “Times are in”/);
  await expect(card.getByRole('button', { name: 'Import' })).toBeDisabled();
  await card.getByRole('button', { name: 'Take off the page' }).click();
  await expect(page.getByRole('article')).toHaveCount(0);
});

test('a zone that is typed just before Import is the one that is used', async ({ page }) => {
  await choose(page, fileOf('SAP half hours.csv', GERMAN));
  const card = cardOf(page, 'SAP half hours.csv');
  await expect(card.getByText('Ready to import, but look at: SAP: 3 of 3 bars')).toBeVisible();
  await card.getByLabel('Times are in').fill('Berlin');
  await card.getByRole('button', { name: 'Import' }).click();
  await expect(card.getByText("There is no time zone 'Berlin'.")).toBeVisible();
  await expect(card.getByRole('button', { name: 'Import' })).toBeDisabled();
  await card.getByLabel('Times are in').fill('Europe/Berlin');
  await card.getByRole('button', { name: 'Import' }).click();
  await expect(card.getByText('Imported', { exact: true })).toBeVisible();
  await expect(card).toContainText('Times were read as Europe/Berlin, as you said.');
});

test('a large file is checked and imported in the background', async ({ page }) => {
  test.slow();
  const start = Date.UTC(2023, 0, 1);
  const rows = Array.from({ length: 240_000 }, (_, i) => {
    const price = (20_000 + (i % 977) / 10).toFixed(2);
    return `${start + i * 60_000},${price},${price},${price},${price},${i % 31}`;
  });
  const text = `timestamp,open,high,low,close,volume\n${rows.join('\n')}\n`;
  await page.reload();
  await choose(page, fileOf('BTCUSDT-1m-2023.csv', text));
  const card = cardOf(page, 'BTCUSDT-1m-2023.csv');
  await expect(card.getByRole('button', { name: 'Import' })).toBeDisabled();
  await expect(card.getByText('Ready to import')).toBeVisible({ timeout: 60_000 });
  await expect(card).toContainText('240,000 bars of BTCUSDT');
  await card.getByRole('button', { name: 'Import' }).click();
  await expect(card.getByRole('progressbar')).toBeVisible();
  // Whoever walks away finds it again.
  await page.getByRole('link', { name: 'Signals' }).click();
  await openImport(page);
  await expect(card.getByText('Imported', { exact: true })).toBeVisible({ timeout: 90_000 });
});
