import { expect, type Page, test } from '@playwright/test';
import { type Account, logIn, newAccount, newPipeline, PASSWORD } from '../support/app';
import { newSource } from '../support/signals';

const EXPIRED = { title: 'Expired', status: 401, code: 'token_expired', detail: 'It has expired.' };

/** From now on the server takes neither the token nor the cookie of the page. */
async function endSession(page: Page): Promise<void> {
  const old = await page.evaluate(
    async () => (await fetch('/api/v1/auth/refresh', { method: 'POST' })).ok,
  );
  expect(old, 'there was a session to end').toBe(true);
  await page.context().clearCookies();
  let again = false;
  await page.route('**/api/v1/**', async (route) => {
    const path = new URL(route.request().url()).pathname;
    if (path.endsWith('/auth/login')) again = true;
    if (again || path.startsWith('/api/v1/auth/')) return route.fallback();
    return route.fulfill({ status: 401, json: EXPIRED });
  });
}

/** Logs in on the log-in page that is open. */
async function logInAgain(page: Page): Promise<void> {
  await expect(page.getByText('Your session has ended. Log in to go on.')).toBeVisible();
  await page.getByLabel('E-mail').fill(account.email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
}

let account: Account;

test.beforeEach(async ({ page, request }) => {
  account = await newAccount(request);
  await logIn(page, account.email);
});

test('after the session has ended an edit is held, and saved after the log-in', async ({
  page,
  request,
}) => {
  const id = await newPipeline(request, account, 'Held');
  await page.goto(`/pipelines/${id}`);
  const name = page.getByLabel('Name of the pipeline');
  await expect(name).toHaveValue('Held');
  await endSession(page);
  const addresses: string[] = [];
  page.on('framenavigated', (frame) => addresses.push(new URL(frame.url()).pathname));
  await name.fill('Held over the log-in');
  await name.press('Enter');
  await expect(page).toHaveURL((url) => url.searchParams.get('next') === `/pipelines/${id}`);
  expect(addresses).toEqual(['/login']);
  await logInAgain(page);
  await expect(page).toHaveURL(new RegExp(`/pipelines/${id}`));
  await expect(name).toHaveValue('Held over the log-in');
  const stored = async () => {
    const headers = { Authorization: `Bearer ${account.token}` };
    return (await (await request.get(`/api/v1/pipelines/${id}`, { headers })).json()).name;
  };
  await expect.poll(stored).toBe('Held over the log-in');
  await expect(page.locator('k-save-state')).toHaveAttribute('data-state', 'saved');
});

test('a scanner that was being made is there again after the log-in', async ({ page }) => {
  await page.goto('/signals/scanners/new?kind=manual');
  const name = page.getByLabel('Name', { exact: true });
  await name.fill('Half done');
  await page.getByLabel('Tickers', { exact: true }).fill('AAPL');
  await page.getByLabel('Tickers', { exact: true }).press('Enter');
  await endSession(page);
  await page.getByRole('button', { name: 'Save scanner' }).click();
  await logInAgain(page);
  await expect(name).toHaveValue('Half done');
  await page.getByRole('button', { name: 'Save scanner' }).click();
  await expect(page.getByRole('row', { name: /Half done/ })).toBeVisible();
  await page.goto('/signals/scanners/new?kind=manual');
  await expect(name).toHaveValue('');
});

test('a generator that was being made is there again after the log-in', async ({ page }) => {
  await page.goto('/signals/generators/new');
  await page.getByRole('link', { name: /^Expression/ }).click();
  const name = page.getByRole('textbox', { name: 'Name' });
  await name.fill('Oversold');
  await endSession(page);
  await page.getByRole('textbox', { name: 'Expression' }).fill('rsi(14) < 30');
  await logInAgain(page);
  await expect(name).toHaveValue('Oversold');
  await expect(page.getByRole('textbox', { name: 'Expression' })).toHaveValue('rsi(14) < 30');
});

test('settings of a webhook are as they were typed after the log-in', async ({ page, request }) => {
  const source = await newSource(request, account, 'Alerts');
  await page.goto(`/signals/webhooks/${source.id}`);
  const name = page.getByLabel('Name', { exact: true });
  await name.fill('Alarms');
  await page.getByLabel('Most deliveries in a minute').fill('many');
  await endSession(page);
  await page.getByRole('switch').click();
  await logInAgain(page);
  await expect(name).toHaveValue('Alarms');
  await expect(page.getByLabel('Most deliveries in a minute')).toHaveValue('many');
});

test('many calls that fail lead to the log-in page once, and back', async ({ page }) => {
  await endSession(page);
  const atLogin = page.waitForURL((url) => url.pathname === '/login');
  // A call of the page itself may have led there first, and then there is no link any more.
  const clicked = page.getByRole('link', { name: 'Runs', exact: true }).click();
  await Promise.race([atLogin, clicked.catch(() => atLogin)]);
  await expect(page).toHaveURL((url) => url.pathname === '/login' && !url.search.includes('login'));
  await logInAgain(page);
  await expect(page).not.toHaveURL(/login/);
});

test('a log-in page with itself as the way back leads Home', async ({ page }) => {
  await page.goto('/login?next=%2Flogin%3Fnext%3D%2Fruns');
  await expect(page).toHaveURL((url) => url.pathname === '/');
});
