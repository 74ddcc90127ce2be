import { type APIRequestContext, expect, type Page, test } from '@playwright/test';
import { type Account, logIn, newAccount } from '../support/app';
import { check } from '../support/look';
import { newScanner, newSource, newSubscriber, send, untilKnown } from '../support/signals';

test.setTimeout(300_000);

const TICKERS = ['AAPL', 'MSFT', 'GOOG'] as const;

/** Scanners of each kind, two pipelines that listen, and signals that start some and skip others. */
async function furnish(request: APIRequestContext, account: Account) {
  const scanner = await newScanner(request, account, 'Large technology', TICKERS);
  const headers = { Authorization: `Bearer ${account.token}` };
  const filter = { all: [{ field: 'price', op: '>', value: 5 }], limit: 50 };
  const data = { name: 'Liquid and not too cheap', kind: 'filter', filter, refresh_minutes: 60 };
  await request.post('/api/v1/scanners', { data, headers });
  const long = 'A pipeline whose name says in eighty characters what it does and why it is so';
  await newSubscriber(request, account, long, scanner, 80);
  await newSubscriber(request, account, 'Careful swing', scanner, 90);
  await untilKnown(request);
  const source = await newSource(request, account, 'Breakout scripts');
  await newSource(request, account, 'TradingView alerts', 'tradingview');
  for (const [index, ticker] of [...TICKERS, 'NVDA'].entries()) {
    const signal = (['BULLISH', 'BEARISH', 'NEUTRAL'] as const)[index % 3]!;
    const metadata = { rsi_14: 28.4, close: 151.2, reason: 'Close above the upper band' };
    await send(request, source, [{ ticker, signal, confidence: 84.5 + index }], metadata);
  }
  const many = TICKERS.map((ticker) => ({ ticker, signal: 'BEARISH', confidence: 61 }) as const);
  await send(request, source, [...many, { ticker: 'BRK.B', signal: 'BULLISH', confidence: 99 }]);
  await send(request, { ...source, secret: 'wrong' }, many);
  return { scanner, source };
}

/** The parts of the page that only admins see, as the server would give them. */
async function asAdmin(page: Page, letters: readonly object[]): Promise<void> {
  await page.route('**/api/v1/users/me', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ json: { ...(await answer.json()), role: 'admin' } });
  });
  await page.route('**/api/v1/system/services', async (route) => {
    const answer = await route.fetch();
    const { items } = (await answer.json()) as { items: object[] };
    const whole = items.map((item, index) => ({
      ...item,
      instance: `kuber-${index}:${4100 + index}`,
      detail: { rounds: 1200 + index },
    }));
    await route.fulfill({ json: { items: whole } });
  });
  await page.route('**/api/v1/dead-letters*', (route) =>
    route.fulfill({ json: { items: letters, next_cursor: null } }),
  );
  await page.route('**/api/v1/dead-letters/*', (route) =>
    route.fulfill({ json: { ...LETTER, ...WHOLE } }),
  );
}

const LETTER = {
  id: '019aa5a0-0000-7000-8000-000000000001',
  consumer: 'dispatcher',
  topic: 'signals.raw',
  partition: 0,
  offset: 1042,
  reason: 'invalid',
  detail: 'tickers.0.confidence: Input should be less than or equal to 100',
  attempts: 1,
  created_at: '2026-11-21T11:30:00Z',
  replayed_at: null,
};
const WHOLE = {
  key: 'AAPL',
  payload:
    '{"signal_type":"rsi","tickers":[{"ticker":"AAPL","signal":"BULLISH","confidence":850}]}',
  encoding: 'utf-8',
  headers: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
};

test('pages about signals have no violations', async ({ page, request }) => {
  const account = await newAccount(request);
  const { scanner, source } = await furnish(request, account);
  await logIn(page, account.email);
  await page.goto('/signals');
  await expect(page.locator('k-signal-table tr.k-row-link')).toHaveCount(5);
  await check(page, 'signals');
  await page.locator('k-signal-table tr.k-row-link').filter({ hasText: 'confidence 84.5' }).click();
  await expect(page.locator('k-signal-detail')).toContainText('Confidence 84.5 is below');
  await check(page, 'signals-open');
  await page.goto('/signals/scanners');
  await expect(page.getByRole('link', { name: 'Large technology' })).toBeVisible();
  await check(page, 'scanners');
  await page.goto(`/signals/scanners/${scanner}`);
  await expect(page.getByText('Careful swing')).toBeVisible();
  await check(page, 'scanner-list');
  await page.goto('/signals/scanners/new?kind=filter');
  await page.getByRole('button', { name: 'Add a rule' }).click();
  await page.getByLabel('Value', { exact: true }).fill('5');
  await page.getByRole('button', { name: 'Add a rule' }).click();
  await expect(page.getByRole('table', { name: 'Tickers that pass' })).toBeVisible();
  await check(page, 'scanner-filter');
  await page.goto('/signals/webhooks');
  await expect(page.getByRole('link', { name: 'TradingView alerts' })).toBeVisible();
  await check(page, 'webhooks');
  await page.goto(`/signals/webhooks/${source.id}`);
  await expect(page.getByText('Refused 401')).toBeVisible();
  await check(page, 'webhook');
  await page.getByRole('button', { name: 'Make a new secret' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Make a new secret' }).click();
  await expect(page.locator('.once code')).toBeVisible();
  await check(page, 'webhook-secret');
  await page.goto('/signals/generators');
  await expect(page.getByRole('table', { name: 'From the platform' })).toBeVisible();
  await check(page, 'generators');
  await page.goto('/signals/generators/new');
  await expect(page.getByRole('link', { name: /^Golden cross/ })).toBeVisible();
  await check(page, 'generator-kinds');
  await page.goto('/signals/generators/new?kind=expression');
  await page.getByRole('textbox', { name: 'Expression' }).fill('rsi(14) < 30');
  await expect(page.getByText(/Would have sent \d+ signals/)).toBeVisible();
  await check(page, 'generator-expression');
});

test('the settings of how a pipeline starts have no violations', async ({ page, request }) => {
  const account = await newAccount(request);
  const scanner = await newScanner(request, account, 'Large technology', TICKERS);
  const pipeline = await newSubscriber(request, account, 'Careful swing', scanner, 90);
  await logIn(page, account.email);
  await page.goto(`/pipelines/${pipeline}`);
  const panel = page.locator('k-trigger-panel');
  const open = async (name: string) => {
    // While the page takes on another size, a click may meet nothing.
    await expect(async () => {
      await page.locator('k-trigger-button button').click({ force: true, timeout: 2000 });
      await expect(panel.getByRole('radio', { name })).toBeVisible({ timeout: 2000 });
    }).toPass();
  };
  await open('On signals');
  await expect(panel.getByText(/in the last 30 days/i).first()).toBeVisible();
  await check(page, 'trigger-signal', () => open('On signals'));
  await panel.getByRole('radio', { name: 'On schedule' }).click();
  await check(page, 'trigger-schedule', () => open('On schedule'));
});

test('pages about signals without data have no violations', async ({ page, request }) => {
  const account = await newAccount(request);
  await logIn(page, account.email);
  // The platform's generators may have sent some to everybody by now.
  await page.route('**/api/v1/signals?*', (route) =>
    route.fulfill({ json: { items: [], next_cursor: null } }),
  );
  const pages = {
    signals: ['/signals', 'No signals yet'],
    scanners: ['/signals/scanners', 'No scanners yet'],
    webhooks: ['/signals/webhooks', 'No webhooks yet'],
  } as const;
  for (const [name, [path, text]] of Object.entries(pages)) {
    await page.goto(path);
    await expect(page.getByText(text)).toBeVisible();
    await check(page, `${name}-empty`);
  }
});

test('pages about signals in error have no violations', async ({ page, request }) => {
  const account = await newAccount(request);
  await logIn(page, account.email);
  const broken = /api\/v1\/(signals|scanners|webhook-sources|generators|system\/services)/;
  await page.route(broken, (route) => route.abort());
  const nobody = '00000000-0000-7000-8000-000000000000';
  const pages = {
    signals: '/signals',
    signal: `/signals/${nobody}`,
    scanners: '/signals/scanners',
    scanner: `/signals/scanners/${nobody}`,
    webhooks: '/signals/webhooks',
    webhook: `/signals/webhooks/${nobody}`,
    generators: '/signals/generators',
    generator: `/signals/generators/${nobody}`,
    services: '/system',
  };
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(path);
    await expect(page.getByText('Kuber cannot be reached').first()).toBeVisible();
    await check(page, `${name}-error`);
  }
});

test('pages about the system have no violations', async ({ page, request }) => {
  const account = await newAccount(request);
  await asAdmin(page, [LETTER, { ...LETTER, id: LETTER.id.replace(/1$/, '2'), consumer: 'audit' }]);
  await logIn(page, account.email);
  await page.goto('/system');
  await expect(page.getByRole('table', { name: 'Services' })).toBeVisible();
  await check(page, 'services');
  await page.goto('/system/dead-letters');
  await expect(page.getByRole('table', { name: 'Dead letters' })).toBeVisible();
  await check(page, 'dead-letters');
  await page.goto(`/system/dead-letters/${LETTER.id}`);
  await expect(page.getByRole('heading', { name: LETTER.detail })).toBeVisible();
  await check(page, 'dead-letter');
});

test('the page without dead letters has no violations', async ({ page, request }) => {
  const account = await newAccount(request);
  await asAdmin(page, []);
  await logIn(page, account.email);
  await page.goto('/system/dead-letters');
  await expect(page.getByText('No dead letters')).toBeVisible();
  await check(page, 'dead-letters-empty');
});
