import { readFile } from 'node:fs/promises';
import { expect, type Page, test } from '@playwright/test';
import {
  type Account,
  activeSchedule,
  logIn,
  newAccount,
  newPipeline,
  watchForErrors,
} from '../support/app';

let account: Account;

test.beforeEach(async ({ page, request }) => {
  account = await newAccount(request);
  await logIn(page, account.email);
});

async function choose(page: Page, name: string, action: string): Promise<void> {
  await page.getByRole('button', { name: `Actions for ${name}` }).click();
  await page.getByRole('menuitem', { name: action }).click();
}

test('an empty list leads to the templates, and one makes a pipeline', async ({ page }) => {
  const errors = watchForErrors(page);
  await page.getByRole('link', { name: 'Pipelines', exact: true }).click();
  await page.getByRole('link', { name: 'Choose a template' }).click();
  await expect(page.getByRole('main').getByRole('button', { name: /^Use / })).not.toHaveCount(0);
  expect(
    await page.getByRole('main').getByRole('button', { name: /^Use / }).count(),
  ).toBeGreaterThanOrEqual(6);
  await page.screenshot({ path: 'e2e/shots/templates.png' });
  await page
    .getByRole('main')
    .getByRole('button', { name: /^Use .*golden/i })
    .dblclick();
  await expect(page).toHaveURL(/\/pipelines\/[0-9a-f-]{36}/);
  await page.getByRole('link', { name: 'Pipelines', exact: true }).first().click();
  await expect(page.getByRole('row', { name: /golden/i })).toHaveCount(1);
  expect(errors).toEqual([]);
});

test('search and filters live in the address bar', async ({ page, request }) => {
  await newPipeline(request, account, 'Alpha swing');
  await newPipeline(request, account, 'Beta swing');
  await page.goto('/pipelines');
  await page.getByLabel('Search pipelines by name').fill('alpha');
  await expect(page).toHaveURL(/search=alpha/);
  await expect(page.getByRole('link', { name: 'Alpha swing' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Beta swing' })).toHaveCount(0);
  await page.reload();
  await expect(page.getByLabel('Search pipelines by name')).toHaveValue('alpha');
  await page.getByRole('button', { name: 'Live', exact: true }).click();
  await expect(page.getByText('No pipeline matches')).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page.getByRole('link', { name: 'Beta swing' })).toBeVisible();
});

test('archive can be undone', async ({ page, request }) => {
  await newPipeline(request, account, 'Old swing');
  await page.goto('/pipelines');
  await choose(page, 'Old swing', 'Archive');
  await expect(page.getByRole('row', { name: /Old swing.*Archived/ })).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('row', { name: /Old swing.*Archived/ })).toHaveCount(0);
});

test('undoing an archive switches an active pipeline on again', async ({ page, request }) => {
  const id = await newPipeline(request, account, 'Running swing');
  await activeSchedule(request, account, id);
  await page.goto('/pipelines');
  await expect(page.getByRole('row', { name: /Running swing.*Active/ })).toBeVisible();
  await choose(page, 'Running swing', 'Archive');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText('Restored Running swing, switched on')).toBeVisible();
  await expect(page.getByRole('row', { name: /Running swing.*Active/ })).toBeVisible();
});

test('delete wants the name typed', async ({ page, request }) => {
  await newPipeline(request, account, 'Doomed swing');
  await page.goto('/pipelines');
  await choose(page, 'Doomed swing', 'Delete');
  const confirm = page.getByRole('button', { name: 'Delete', exact: true });
  await expect(confirm).toBeDisabled();
  await page.getByLabel(/Type the name/).fill('Doomed swing');
  await confirm.click();
  await expect(page.getByText('No pipelines yet')).toBeVisible();
});

test('an exported pipeline can be imported, a broken file is explained', async ({
  page,
  request,
}) => {
  await newPipeline(request, account, 'Travelling swing');
  await page.goto('/pipelines');
  const saved = page.waitForEvent('download');
  await choose(page, 'Travelling swing', 'Export');
  const download = await saved;
  expect(download.suggestedFilename()).toBe('travelling-swing.kuber.json');
  const text = await readFile(await download.path(), 'utf8');
  const file = page.locator('input[type=file]');
  const upload = (name: string, content: string) =>
    file.setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(content) });

  await upload('broken.json', text.slice(0, 40));
  await expect(page.getByRole('alert')).toContainText('broken.json was not imported');
  await upload('other.json', '{"hello": 1}');
  await expect(page.getByRole('alert')).toContainText('"graph.nodes" must be a list');
  await upload('good.json', text);
  await expect(page).toHaveURL(/\/pipelines\/[0-9a-f-]{36}/);
});

test('a clone stands beside its original', async ({ page, request }) => {
  await newPipeline(request, account, 'Twin swing');
  await page.goto('/pipelines');
  await page.getByRole('button', { name: 'Actions for Twin swing' }).click();
  await page.getByRole('menuitem', { name: 'Clone' }).dblclick();
  await expect(page.getByRole('link', { name: 'Twin swing (copy)' })).toHaveCount(1);
});

test('the slash key finds a pipeline from anywhere', async ({ page, request }) => {
  await newPipeline(request, account, 'Findable swing');
  await page.goto('/account');
  await expect(page.getByRole('heading', { name: 'Budget' })).toBeVisible();
  await page.keyboard.press('/');
  await page.keyboard.type('findable');
  const found = page.getByRole('option', { name: /Findable swing/ });
  await expect(found).toBeVisible();
  const field = await page.locator('k-global-search .box').boundingBox();
  const panel = await page.getByRole('listbox').boundingBox();
  expect(panel?.x).toBeCloseTo(field?.x ?? 0, 0);
  expect(panel?.y).toBeGreaterThanOrEqual((field?.y ?? 0) + (field?.height ?? 0));
  expect(panel?.width).toBeGreaterThanOrEqual(field?.width ?? 0);
  await found.click();
  await expect(page).toHaveURL(/\/pipelines\/[0-9a-f-]{36}/);
});
