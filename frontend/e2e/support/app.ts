import { type APIRequestContext, expect, type Page } from '@playwright/test';

export const PASSWORD = 'correct-horse-battery';

export interface Account {
  readonly email: string;
  readonly token: string;
}

/** An address that no test has used before. */
export function newEmail(): string {
  return `e2e-${Date.now()}-${Math.floor(Math.random() * 1e6)}@example.com`;
}

/** Makes a user through the API. */
export async function newAccount(request: APIRequestContext): Promise<Account> {
  const data = { email: newEmail(), password: PASSWORD };
  expect((await request.post('/api/v1/auth/register', { data })).status()).toBe(201);
  const login = await request.post('/api/v1/auth/login', { data });
  return { email: data.email, token: (await login.json()).access_token };
}

/** Logs in through the page, as a person does. */
export async function logIn(page: Page, email: string): Promise<void> {
  await page.goto('/login');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Start from a template' })).toBeVisible();
}

/** A pipeline made from a template through the API; gives its id. */
export async function newPipeline(
  request: APIRequestContext,
  account: Account,
  name: string,
  template = 'golden-cross',
): Promise<string> {
  const answer = await request.post('/api/v1/pipelines', {
    data: { name, template: await knownSlug(request, account, template) },
    headers: bearer(account),
  });
  expect(answer.status()).toBe(201);
  return (await answer.json()).id;
}

/** Has a pipeline run on AAPL every hour from now on, or as `schedule` says. */
export async function activeSchedule(
  request: APIRequestContext,
  account: Account,
  pipelineId: string,
  schedule: object = {},
): Promise<void> {
  const url = `/api/v1/pipelines/${pipelineId}`;
  const headers = bearer(account);
  const { revision } = await (await request.get(url, { headers })).json();
  const trigger = { kind: 'periodic', every_minutes: 60, symbols: ['AAPL'], ...schedule };
  const saved = await request.put(url, {
    data: { trigger },
    headers: { ...headers, 'If-Match': String(revision) },
  });
  expect(saved.status(), await saved.text()).toBe(200);
  await publish(request, account, pipelineId);
  expect((await request.post(`${url}/activate`, { headers })).status()).toBe(200);
}

/** Publishes the draft of a pipeline as it is stored. */
export async function publish(
  request: APIRequestContext,
  account: Account,
  pipelineId: string,
): Promise<void> {
  const url = `/api/v1/pipelines/${pipelineId}`;
  const headers = bearer(account);
  const { revision } = await (await request.get(url, { headers })).json();
  const published = await request.post(`${url}/publish`, {
    data: {},
    headers: { ...headers, 'If-Match': String(revision) },
  });
  expect(published.status(), await published.text()).toBe(200);
}

/** Imports daily bars from the text of a CSV file. */
export async function importBars(
  request: APIRequestContext,
  account: Account,
  bars: string,
): Promise<void> {
  const answer = await request.post('/api/v1/market/imports', {
    headers: bearer(account),
    multipart: {
      timeframe: '1d',
      file: { name: 'bars.csv', mimeType: 'text/csv', buffer: Buffer.from(bars) },
    },
  });
  expect(answer.status(), await answer.text()).toBe(201);
}

/** Starts a run on AAPL history and waits for its end; gives its id. */
export async function finishedRun(
  request: APIRequestContext,
  account: Account,
  pipelineId: string,
  asOf = '2012-09-14T23:00:00Z',
): Promise<string> {
  const started = await request.post(`/api/v1/pipelines/${pipelineId}/run`, {
    data: { symbol: 'AAPL', as_of: asOf, seed: 7 },
    headers: bearer(account),
  });
  expect(started.status()).toBe(202);
  const id = (await started.json()).execution_id;
  await expect
    .poll(async () => (await readRun(request, account, id)).status, { timeout: 45_000 })
    .toMatch(/succeeded|failed/);
  return id;
}

/** Waits until nothing slides or fades any more and the page has been drawn. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame();
    const passing = document
      .getAnimations()
      .filter((animation) => animation.effect?.getComputedTiming().iterations !== Infinity);
    await Promise.allSettled(passing.map((animation) => animation.finished));
    await frame();
  });
}

/** Collects what the page complains about; a refused session is not a fault. */
export function watchForErrors(page: Page): string[] {
  const found: string[] = [];
  page.on('pageerror', (error) => found.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) {
      found.push(message.text());
    }
  });
  return found;
}

async function readRun(request: APIRequestContext, account: Account, id: string) {
  const answer = await request.get(`/api/v1/executions/${id}`, { headers: bearer(account) });
  return answer.json();
}

/** The template asked for, or the first one when it goes by another name. */
async function knownSlug(request: APIRequestContext, account: Account, wanted: string) {
  const answer = await request.get('/api/v1/templates', { headers: bearer(account) });
  const slugs: string[] = (await answer.json()).items.map((item: { slug: string }) => item.slug);
  return slugs.find((slug) => slug === wanted) ?? slugs[0];
}

function bearer(account: Account) {
  return { Authorization: `Bearer ${account.token}` };
}
