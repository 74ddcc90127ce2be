import { type APIRequestContext, expect, type Page, test } from '@playwright/test';
import { loosePipeline, tradingPipeline } from './editor-kit';
import { type Account, activeSchedule, logIn, newAccount } from './support/app';
import { check } from './support/look';

/** A run of a schedule begins within a minute, and takes a moment. */
const A_RUN_MS = 150_000;

interface Run {
  readonly id: string;
  readonly pipeline_version: number | null;
  readonly created_at: string;
}

let account: Account;

test.beforeEach(async ({ page, request }) => {
  account = await newAccount(request);
  await logIn(page, account.email);
});

const headers = () => ({ Authorization: `Bearer ${account.token}` });
const chip = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
const publishButton = (page: Page) => page.getByRole('button', { name: 'Publish', exact: true });
const card = (page: Page, id: string) => page.locator(`k-node-card[data-f-node-id="${id}"]`);
const conflict = (page: Page) => page.getByText('This pipeline was changed elsewhere');

async function draw(request: APIRequestContext, name: string, graph: object): Promise<string> {
  const data = { name, graph };
  const made = await request.post('/api/v1/pipelines', { data, headers: headers() });
  expect(made.status(), await made.text()).toBe(201);
  return (await made.json()).id;
}

async function stored(request: APIRequestContext, id: string) {
  return (await request.get(`/api/v1/pipelines/${id}`, { headers: headers() })).json();
}

async function runsOf(request: APIRequestContext, id: string): Promise<readonly Run[]> {
  const query = { pipeline_id: id };
  const answer = await request.get('/api/v1/executions', { params: query, headers: headers() });
  return (await answer.json()).items;
}

async function open(page: Page, id: string): Promise<void> {
  await page.goto(`/pipelines/${id}`);
  await expect(page.locator('f-flow.ready')).toBeVisible();
}

async function saved(page: Page): Promise<void> {
  await expect(page.locator('k-save-state')).toHaveAttribute('data-state', 'saved');
}

async function remove(page: Page, id: string): Promise<void> {
  await card(page, id).click();
  await page.keyboard.press('Delete');
  await expect(card(page, id)).toHaveCount(0);
  await saved(page);
}

/** Another tab of the same person; without a connection for news if `deaf`. */
async function anotherTab(page: Page, id: string, deaf = false): Promise<Page> {
  const tab = await page.context().newPage();
  if (deaf) await tab.routeWebSocket('**/api/v1/ws', (socket) => void socket.close());
  await open(tab, id);
  return tab;
}

test('an active pipeline runs what was published, whatever becomes of its draft', async ({
  page,
  request,
}) => {
  test.setTimeout(300_000);
  const id = await draw(request, 'Clockwork', tradingPipeline());
  const everyMinute = { every_minutes: 1, market_hours_only: false };
  await activeSchedule(request, account, id, everyMinute);
  await open(page, id);
  await expect(chip(page, 'Published v2')).toBeVisible();
  await expect(publishButton(page)).toBeDisabled();

  await remove(page, 'risk');
  await expect(chip(page, 'Draft: 2 changes')).toBeVisible();
  const broken = await stored(request, id);
  expect([broken.status, broken.version, broken.graph.nodes.length]).toEqual(['active', 2, 4]);
  const since = Date.now();
  const started = async () =>
    (await runsOf(request, id)).filter((run) => Date.parse(run.created_at) > since);
  await expect.poll(started, { timeout: A_RUN_MS }).not.toEqual([]);
  for (const run of await runsOf(request, id)) {
    expect(run.pipeline_version).toBe(2);
    const full = await request.get(`/api/v1/executions/${run.id}`, { headers: headers() });
    expect((await full.json()).graph.nodes).toHaveLength(5);
  }

  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Runs' }).click();
  await expect(
    page.getByText('Clockwork goes on with version 2; your 2 changes are a draft.'),
  ).toBeVisible();
  await page.goBack();
  await expect(chip(page, 'Draft: 2 changes')).toBeVisible();
  await page.reload();
  await expect(chip(page, 'Draft: 2 changes')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(card(page, 'risk')).toBeVisible();
  await expect(chip(page, 'Published v2')).toBeVisible();
  await saved(page);
  const back = await stored(request, id);
  expect([back.status, back.draft_differs, back.version]).toEqual(['active', false, 2]);

  await remove(page, 'trade');
  await page.locator('k-trigger-button button').click();
  await page.locator('k-trigger-panel').getByRole('button', { name: '5 min', exact: true }).click();
  await expect(chip(page, 'Draft: 2 changes')).toBeVisible();
  await publishButton(page).click();
  const dialog = page.getByRole('dialog', { name: 'Publish Clockwork' });
  const changes = dialog.getByRole('list', { name: 'What changes' });
  await expect(changes.getByRole('listitem')).toHaveText([
    'Starts every 5 min instead of every minute',
    'Trade manager removed',
  ]);
  await expect(dialog).toContainText('version 3 takes the place of version 2 at once');
  await check(page, 'publish-dialog');
  await dialog.getByLabel('Name of the version').fill('Watch only');
  await dialog.getByLabel('Note').fill('No trades before the holidays.');
  await dialog.getByRole('button', { name: 'Publish', exact: true }).click();
  await expect(page.getByText('Version 3 published')).toBeVisible();
  await expect(chip(page, 'Published v3')).toBeVisible();
  expect((await stored(request, id)).status).toBe('active');

  await chip(page, 'Published v3').click();
  const versions = page.locator('k-versions-panel li');
  await expect(versions.first()).toContainText(/Version 3.*Published.*Watch only.*No trades/s);
  await expect(versions.first()).toContainText('Starts every 5 min instead of every minute');
  await check(page, 'versions', async () => {
    if (!(await versions.first().isVisible())) await chip(page, 'Published v3').click();
    await expect(versions.first()).toBeVisible();
  });
});

test('a tab that is behind neither runs nor publishes what is not on its screen', async ({
  page,
  request,
}) => {
  const id = await draw(request, 'Two tabs', tradingPipeline());
  await open(page, id);
  const behind = await anotherTab(page, id, true);
  await remove(page, 'trade');

  await behind.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(conflict(behind)).toBeVisible();
  await expect(card(behind, 'trade')).toBeVisible();
  expect(await runsOf(request, id)).toEqual([]);
  await check(behind, 'conflict');
  await expect(behind.locator('k-run-bar').getByText(/^Not started/)).toBeVisible();
  await behind.getByRole('button', { name: 'Reload' }).click();
  await expect(card(behind, 'trade')).toHaveCount(0);
  await expect(behind.locator('k-run-bar').getByText(/^Not started/)).toHaveCount(0);
  await expect(chip(behind, 'Draft: 1 change')).toBeVisible();

  await remove(page, 'risk');
  await publishButton(behind).click();
  await expect(conflict(behind)).toBeVisible();
  await expect(behind.locator('k-run-bar').getByText(/^Not published/)).toBeVisible();
  expect((await stored(request, id)).version).toBe(1);
});

test('an open tab follows what another one saves and publishes', async ({ page, request }) => {
  const id = await draw(request, 'Followed', tradingPipeline());
  await open(page, id);
  const other = await anotherTab(page, id);
  await remove(other, 'trade');
  await expect(card(page, 'trade')).toHaveCount(0);
  await expect(page.getByText('changed elsewhere. You see it as it is now.')).toBeVisible();
  await publishButton(other).click();
  await expect(other.getByText('Version 2 published')).toBeVisible();
  await expect(chip(page, 'Published v2')).toBeVisible();
});

test('a run by hand is of the draft; what was never published runs in the editor only', async ({
  page,
  request,
}) => {
  const id = await draw(request, 'Loose', loosePipeline());
  await page.goto('/pipelines');
  await expect(page.getByRole('row', { name: /Loose.*Never published/ })).toBeVisible();
  await page.getByRole('button', { name: 'Actions for Loose' }).click();
  await page.getByRole('menuitem', { name: 'Run' }).click();
  const dialog = page.getByRole('dialog', { name: 'Run Loose' });
  await expect(dialog).toContainText('It was never published');
  await check(page, 'run-never-published');
  await dialog.getByRole('link', { name: 'Open the editor' }).click();
  await expect(chip(page, 'Never published')).toBeVisible();
  await publishButton(page).click();
  await expect(page.locator('k-inspector')).toContainText('No path leads from a trigger');
  expect((await stored(request, id)).version).toBe(0);

  const drawn = await draw(request, 'Drawn', tradingPipeline());
  await open(page, drawn);
  await remove(page, 'trade');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.locator('.result')).toBeVisible({ timeout: 30_000 });
  const [run] = await runsOf(request, drawn);
  expect(run?.pipeline_version).toBeNull();
  await page.goto('/runs');
  await expect(page.getByRole('row', { name: /Drawn draft/ })).toBeVisible();
});
