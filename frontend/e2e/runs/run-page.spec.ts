import { expect, test } from '@playwright/test';
import {
  type Account,
  finishedRun,
  logIn,
  newAccount,
  newPipeline,
  watchForErrors,
} from '../support/app';

/** The sample's golden cross of AAPL buys on this day. */
const TRADED = '2009-05-14T21:00:00Z';

let account: Account;
let pipelineId: string;

test.beforeEach(async ({ page, request }) => {
  account = await newAccount(request);
  pipelineId = await newPipeline(request, account, 'Watched swing');
  await logIn(page, account.email);
});

test('a run started from the list is watched to its decision', async ({ page }) => {
  const errors = watchForErrors(page);
  await page.goto('/pipelines');
  await page.getByRole('button', { name: 'Actions for Watched swing' }).click();
  await page.getByRole('menuitem', { name: 'Run', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox', { name: 'As of' }).selectOption('history');
  await dialog.getByLabel('Date and time to run as of').fill('2012-09-14T20:00');
  await dialog.getByRole('combobox', { name: 'Symbol' }).fill('AAPL');
  await expect(page.locator('mat-option').first()).toBeVisible();
  await page.keyboard.press('Enter'); // takes the symbol, and the next one runs
  await expect(page.locator('mat-option')).toHaveCount(0);
  await expect(dialog.getByRole('button', { name: 'Run', exact: true })).toBeEnabled();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/runs\/[0-9a-f-]{36}/);
  await expect(page.getByRole('button', { name: 'Run again', exact: true })).toBeVisible({
    timeout: 45_000,
  });
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/Bought|Sold|No trade|Finished/);
  await expect(page.getByRole('button', { name: /, done$/ }).first()).toBeVisible();
  await expect(page.locator('k-price-chart canvas').first()).toBeVisible();
  const source = page.locator('k-price-chart a[href^="https://www.tradingview.com/"]');
  await expect(source).toBeVisible();
  // Not where the person is, nor what she looks at.
  await expect(source).toHaveAttribute('href', 'https://www.tradingview.com/');
  await expect(source).toHaveAttribute('rel', 'noopener noreferrer');
  await page.screenshot({ path: 'e2e/shots/run-light.png', fullPage: true });
  await page.getByRole('button', { name: 'Use the dark theme' }).click();
  await page.screenshot({ path: 'e2e/shots/run-dark.png', fullPage: true });
  expect(errors).toEqual([]);
});

test('each node shows what it was given, what it gave and why', async ({ page, request }) => {
  const id = await finishedRun(request, account, pipelineId);
  await page.goto(`/runs/${id}`);
  const node = page.getByLabel('Node', { exact: true });
  await page
    .locator('k-run-timeline')
    .getByRole('button', { name: /strategy/i })
    .first()
    .click();
  await expect(node.getByRole('heading', { level: 2 })).toHaveText(/strategy/i);
  await expect(node.getByRole('tabpanel').first()).not.toBeEmpty();
  await node.getByRole('tab', { name: 'Output' }).click();
  await expect(node.getByText('stop loss').first()).toBeVisible();
  await node.getByRole('button', { name: 'Raw JSON' }).click();
  await expect(node.locator('pre')).toContainText('"strategy"');
});

test('report, cost and raw state stand below', async ({ page, request }) => {
  const id = await finishedRun(request, account, pipelineId);
  await page.goto(`/runs/${id}`);
  const results = page.getByLabel('Results');
  await expect(results.locator('k-markdown')).not.toBeEmpty();
  await results.getByRole('tab', { name: 'Cost by node' }).click();
  await expect(results.getByRole('row', { name: /Total/ })).toBeVisible();
  await results.getByRole('tab', { name: 'Raw state' }).click();
  await expect(results.getByText('pipeline name')).toBeVisible();
});

test('what happened next is shown only on request, in sentences and on a chart', async ({
  page,
  request,
}) => {
  const errors = watchForErrors(page);
  const id = await finishedRun(request, account, pipelineId, TRADED);
  const seen = Date.parse(TRADED);
  const ends: number[] = [];
  const datasets = new Set<string | null>();
  const nexts: string[] = [];
  page.on('request', (call) => {
    const { pathname, searchParams: asked } = new URL(call.url());
    if (pathname.endsWith('/what-happened-next')) nexts.push(pathname);
    const end = asked.get('end');
    if (!pathname.includes('/market/bars') || !end) return;
    ends.push(Date.parse(end));
    datasets.add(asked.get('dataset'));
  });
  await page.goto(`/runs/${id}`);
  await expect(page.getByText('Entry estimated: last price plus slippage')).toBeVisible();
  await expect(page.locator('k-price-chart canvas').first()).toBeVisible();
  expect(ends.length).toBeGreaterThan(0);
  expect(ends.every((end) => end <= seen)).toBe(true);
  expect(nexts).toEqual([]);
  await page.getByRole('button', { name: 'Show what happened next' }).click();
  const part = page.getByRole('region', { name: 'What happened next' });
  await expect(part.getByRole('status')).toContainText(/ R\.$/);
  await expect(part.getByRole('table', { name: 'Exits' })).toBeVisible();
  await expect(part.locator('k-price-chart canvas').first()).toBeVisible();
  await expect.poll(() => ends.some((end) => end > seen)).toBe(true);
  expect([...datasets]).toEqual(['sample']);
  for (const [width, theme] of [
    [1440, 'light'],
    [390, 'light'],
    [390, 'dark'],
    [1440, 'dark'],
  ] as const) {
    await page.setViewportSize({ width, height: 850 });
    const dark = page.getByRole('button', { name: 'Use the dark theme' });
    if (theme === 'dark' && (await dark.isVisible())) await dark.click();
    await part.scrollIntoViewIfNeeded();
    await part.screenshot({ path: `e2e/shots/next-${theme}-${width}.png` });
    const over = await page.locator('main').evaluate((main) => main.scrollWidth - main.clientWidth);
    expect(over, `${theme}, ${width} px`).toBe(0);
  }
  await part.getByRole('button', { name: 'Hide' }).click();
  await expect(part.getByRole('status')).toHaveCount(0);
  expect(errors).toEqual([]);
});

test('a run again from a node is a new run', async ({ page, request }) => {
  const id = await finishedRun(request, account, pipelineId);
  await page.goto(`/runs/${id}`);
  await page.getByRole('button', { name: 'Run again from here' }).click();
  await expect(page).not.toHaveURL(new RegExp(id));
  await expect(page).toHaveURL(/\/runs\/[0-9a-f-]{36}/);
});

test('a long name without spaces does not widen the page', async ({ page, request }) => {
  const name = 'W'.repeat(120);
  const id = await finishedRun(request, account, await newPipeline(request, account, name));
  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 850 });
    await page.goto(`/runs/${id}`);
    await expect(page.getByRole('link', { name })).toBeVisible();
    const over = await page.locator('main').evaluate((main) => main.scrollWidth - main.clientWidth);
    expect(over, `${width} px`).toBe(0);
  }
});

test('the history filters by symbol and status in the address bar', async ({ page, request }) => {
  await finishedRun(request, account, pipelineId);
  await page.goto('/runs?symbol=AAPL');
  await expect(page.locator('k-run-table tbody tr')).toHaveCount(1);
  await page.getByRole('button', { name: 'Cancelled' }).click();
  await expect(page).toHaveURL(/status=cancelled/);
  await expect(page.getByText('No run matches')).toBeVisible();
  await page.goBack();
});

test('a run that is not there says so, and leads to those that are', async ({ page }) => {
  await page.goto('/runs/00000000-0000-7000-8000-000000000000');
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Retry' })).toHaveCount(0);
  await page.getByRole('link', { name: 'All runs' }).click();
  await expect(page).toHaveURL(/\/runs$/);
});

test('without the socket the page asks every five seconds', async ({ page, request }) => {
  await page.routeWebSocket(/\/api\/v1\/ws/, (socket) => socket.close());
  await page.goto('/');
  await expect(page.getByRole('banner').getByText('Reconnecting')).toBeVisible({
    timeout: 20_000,
  });
  const id = await finishedRun(request, account, pipelineId);
  await page.goto(`/runs/${id}`);
  await expect(page.getByRole('button', { name: 'Run again', exact: true })).toBeVisible();
});

test('only the recorded way of a run is drawn as taken, and named', async ({ page, request }) => {
  const id = await newPipeline(request, account, 'Leaning', 'multi-timeframe-trend');
  const headers = { Authorization: `Bearer ${account.token}` };
  const started = await request.post(`/api/v1/pipelines/${id}/run`, {
    data: { symbol: 'TSLA', seed: 7 },
    headers,
  });
  const run = (await started.json()).execution_id as string;
  const record = async () =>
    (await (await request.get(`/api/v1/executions/${run}`, { headers })).json()) as {
      status: string;
      nodes: { node_id: string; port: string | null }[];
    };
  await expect.poll(async () => (await record()).status, { timeout: 45_000 }).toBe('succeeded');
  const port = (await record()).nodes.find(({ node_id }) => node_id === 'bias')?.port ?? '';
  await page.goto(`/runs/${run}`);
  const label = port.charAt(0).toUpperCase() + port.slice(1);
  const labels = page.locator('k-graph-view .edge-label');
  await expect(labels).toHaveText([/Bullish/, /Bearish/, /Neutral/]);
  const taken = page.locator('k-graph-view .edge-label[data-flow="taken"]');
  await expect(taken).toHaveText([new RegExp(label)]);
  await page.locator('k-graph-view').getByRole('button', { name: /bias/i }).click();
  await expect(page.getByLabel('Node', { exact: true })).toHaveText(
    new RegExp(`Left by\\s*${label}`),
  );
  await page.screenshot({ path: 'e2e/shots/run-leaning.png', fullPage: true });
});
