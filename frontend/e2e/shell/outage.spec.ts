import { expect, type Page, test } from '@playwright/test';
import { type Account, logIn, newAccount, newPipeline, PASSWORD } from '../support/app';
import { fillList, PAGE, top } from '../support/lists';

const AWAY = {
  title: 'The database is away',
  status: 503,
  code: 'unavailable',
  detail: 'It does not answer.',
};

const NOT_READY = { checks: { postgres: { ok: false }, redis: { ok: true } } };

let account: Account;

test.beforeEach(async ({ page, request }) => {
  account = await newAccount(request);
  await logIn(page, account.email);
});

/** The server answers nothing any more. Gives the way to bring it back. */
async function stopServer(page: Page): Promise<() => Promise<void>> {
  await page.route('**/*', (route) => route.abort('connectionrefused'));
  return () => page.unroute('**/*');
}

const link = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: true });

test('a page that cannot be fetched says so, and opens once the server is back', async ({
  page,
}) => {
  const bringBack = await stopServer(page);
  await link(page, 'Runs').click();
  await expect(page.getByText('Kuber cannot be reached')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Retry' })).toBeVisible();
  await page.getByRole('button', { name: 'Back to the page before' }).click();
  await expect(page.getByRole('heading', { name: 'Start from a template' })).toBeVisible();
  await link(page, 'Signals').click();
  await expect(page.getByText('Kuber cannot be reached')).toBeVisible();
  await bringBack();
  await expect(page).toHaveURL(/\/signals/);
  await expect(page.getByRole('link', { name: 'Scanners' })).toBeVisible();
});

test('a page that cannot be fetched says so over a list that is scrolled, and gives it back', async ({
  page,
  request,
}) => {
  await newPipeline(request, account, 'One of many');
  const headers = { Authorization: `Bearer ${account.token}` };
  const stored = await (await request.get('/api/v1/pipelines', { headers })).json();
  await fillList(page, '/api/v1/pipelines', stored.items[0]);
  await link(page, 'Pipelines').click();
  const rows = page.locator('tbody tr.k-row-link');
  await expect(rows).toHaveCount(PAGE);
  await rows.last().scrollIntoViewIfNeeded();
  const before = await top(page);
  expect(before).toBeGreaterThan(1_000);
  await stopServer(page);
  await link(page, 'Signals').click();
  await expect(page.getByText('Kuber cannot be reached')).toBeInViewport({ ratio: 1 });
  const back = page.getByRole('button', { name: 'Back to the page before' });
  await expect(back).toBeInViewport({ ratio: 1 });
  await expect(rows.last()).toBeHidden();
  await back.click();
  await expect(rows.last()).toBeInViewport();
  expect(await top(page)).toBe(before);
});

test('a trouble ends when the page that is open is gone to', async ({ page }) => {
  await stopServer(page);
  await link(page, 'Runs').click();
  await expect(page.getByText('Kuber cannot be reached')).toBeVisible();
  await link(page, 'Home').click();
  await expect(page.getByText('Kuber cannot be reached')).toBeHidden();
  await expect(page.getByRole('heading', { name: 'Start from a template' })).toBeVisible();
});

test('after an upgrade the page that is wanted is loaded anew', async ({ page }) => {
  let upgraded = false;
  page.on('request', (request) => (upgraded ||= request.isNavigationRequest()));
  await page.route('**/chunk-*.js', (route) =>
    upgraded ? route.fallback() : route.fulfill({ status: 404, body: 'gone' }),
  );
  await link(page, 'Runs').click();
  await expect(page.getByText('Nothing has run yet')).toBeVisible();
  await expect(page).toHaveURL(/\/runs/);
  expect(upgraded).toBe(true);
});

test('a list in its error state fills by itself when the database is back', async ({ page }) => {
  await page.route('**/api/v1/executions?**', (route) =>
    route.fulfill({ status: 503, json: AWAY }),
  );
  await page.route('**/ready', (route) => route.fulfill({ status: 503, json: NOT_READY }));
  await link(page, 'Runs').click();
  await expect(page.getByText('The database is away')).toBeVisible();
  await expect(page.getByText('This is tried again by itself')).toBeVisible();
  await page.unroute('**/api/v1/executions?**');
  await page.unroute('**/ready');
  await expect(page.getByText('Nothing has run yet')).toBeVisible();
});

test('what is refused alone is left to the person, and nothing else is troubled', async ({
  page,
}) => {
  let asked = 0;
  await page.route('**/api/v1/executions?**', (route) => {
    asked += 1;
    return route.fulfill({ status: 503, json: AWAY });
  });
  const ready = page.waitForResponse('**/ready');
  await link(page, 'Runs').click();
  await expect(page.getByText('The database is away')).toBeVisible();
  await ready;
  await expect(page.getByText('This is tried again by itself')).toBeHidden();
  await expect(page.locator('k-connection-dot')).toHaveText('');
  const before = asked;
  await page.getByRole('button', { name: 'Retry' }).click();
  await expect.poll(() => asked).toBe(before + 1);
});

test('the bar says nothing while connected, and what is wrong otherwise', async ({ page }) => {
  const bar = page.getByRole('banner');
  const state = bar.locator('k-connection-dot');
  let open = true;
  await page.routeWebSocket('**/api/v1/ws', (socket) => {
    if (open) socket.connectToServer();
    else void socket.close();
  });
  const ready = page.waitForEvent('websocket');
  await page.reload();
  const socket = await ready;
  await socket.waitForEvent('framereceived');
  await expect(state).toHaveText('');
  await expect(bar).not.toContainText('Live');
  open = false;
  const bringBack = await stopServer(page);
  await link(page, 'Pipelines').click();
  await expect(state).toHaveText(/Offline/);
  await bringBack();
  await expect(state).toHaveText('');
});

test('a change that cannot be saved is asked about, kept, and saved on return', async ({
  page,
  request,
}) => {
  const id = await newPipeline(request, account, 'Waiting');
  await page.goto('/runs');
  await page.goto('/pipelines');
  await page.getByRole('link', { name: 'Waiting' }).click();
  const name = page.getByLabel('Name of the pipeline');
  await expect(name).toHaveValue('Waiting');
  await page.route(`**/api/v1/pipelines/${id}`, (route) =>
    route.request().method() === 'PUT'
      ? route.fulfill({ status: 503, json: AWAY })
      : route.fallback(),
  );
  await name.fill('Waiting longer');
  await name.press('Enter');
  await link(page, 'Pipelines').click();
  const dialog = page.getByRole('dialog', { name: 'Leave with a change that is not saved?' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(page).toHaveURL(new RegExp(id));
  await link(page, 'Pipelines').click();
  await dialog.getByRole('button', { name: 'Leave' }).click();
  await expect(page).toHaveURL(/\/pipelines$/);
  await page.unroute(`**/api/v1/pipelines/${id}`);
  await page.getByRole('link', { name: 'Waiting' }).first().click();
  await expect(name).toHaveValue('Waiting longer');
  await expect(page.locator('k-save-state')).toHaveAttribute('data-state', 'saved');
  await link(page, 'Pipelines').click();
  await expect(page.getByRole('link', { name: 'Waiting longer' })).toBeVisible();
});

test('a change that a log-out drops does not come back with the next log-in', async ({
  page,
  request,
}) => {
  const id = await newPipeline(request, account, 'As it was');
  await page.goto(`/pipelines/${id}`);
  const name = page.getByLabel('Name of the pipeline');
  await expect(name).toHaveValue('As it was');
  let away = true;
  let sent = 0;
  await page.route(`**/api/v1/pipelines/${id}`, (route) => {
    if (route.request().method() !== 'PUT') return route.fallback();
    sent += 1;
    return away ? route.abort('connectionrefused') : route.fallback();
  });
  await name.fill('Dropped');
  await name.press('Enter');
  await expect(page.locator('k-save-state')).toHaveAttribute('data-state', 'offline');
  await page.getByRole('button', { name: 'Account menu' }).click();
  await page.getByRole('menuitem', { name: 'Log out' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
  await expect(page).toHaveURL(/\/login/);
  [away, sent] = [false, 0];
  await page.getByLabel('E-mail').fill(account.email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Start from a template' })).toBeVisible();
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await link(page, 'Pipelines').click();
  await page.getByRole('link', { name: 'As it was' }).click();
  await expect(name).toHaveValue('As it was');
  await expect(page.locator('k-save-state')).toHaveAttribute('data-state', 'saved');
  expect(sent).toBe(0);
});

test('an action that the server was away for is told over the page, and tried again from there', async ({
  page,
  request,
}) => {
  await newPipeline(request, account, 'To archive');
  await page.goto('/pipelines');
  const row = page.getByRole('row', { name: /To archive/ });
  await expect(row).toBeVisible();
  const bringBack = await stopServer(page);
  await row.getByRole('button', { name: /Actions/ }).click();
  await page.getByRole('menuitem', { name: 'Archive' }).click();
  await expect(page.getByText('To archive was not archived. The server did not')).toBeVisible();
  await expect(row).toBeVisible();
  await bringBack();
  await page.getByRole('button', { name: 'Retry' }).click();
  await expect(row).toBeHidden();
});

test('a log-out asks before it throws something away', async ({ page }) => {
  await page.goto('/signals/scanners/new');
  await page.getByLabel('Name', { exact: true }).fill('Half done');
  const logOut = async () => {
    await page.getByRole('button', { name: 'Account menu' }).click();
    await page.getByRole('menuitem', { name: 'Log out' }).click();
  };
  await logOut();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Half done');
  await logOut();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
  await expect(page).toHaveURL(/\/login/);
});

test('a form that was filled in is asked about before it is left', async ({ page }) => {
  await page.goto('/signals/scanners/new');
  await page.getByLabel('Name', { exact: true }).fill('Half done');
  await link(page, 'Runs').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
  await expect(page).toHaveURL(/\/runs/);
});
