import { expect, test } from '@playwright/test';
import { type Account, finishedRun, logIn, newAccount, newPipeline, settled } from '../support/app';
import { check } from '../support/look';

/** Not yet in the standard type library. */
interface LayoutShift extends PerformanceEntry {
  readonly value: number;
}

test.setTimeout(180_000);

test('log-in and sign-up have no violations', async ({ page }) => {
  await page.goto('/login');
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
  await check(page, 'login');
  await page.goto('/signup');
  await expect(page.getByRole('heading', { name: 'Create an account' })).toBeVisible();
  await check(page, 'signup');
});

test('pages without data have no violations', async ({ page, request }) => {
  const account = await newAccount(request);
  await logIn(page, account.email);
  await expect(page.getByText('No pipelines yet')).toBeVisible();
  await check(page, 'home-empty');
  await page.goto('/pipelines');
  await expect(page.getByText('No pipelines yet')).toBeVisible();
  await check(page, 'pipelines-empty');
  await page.goto('/runs');
  await expect(page.getByText('Nothing has run yet')).toBeVisible();
  await check(page, 'runs-empty');
  await page.goto('/nowhere');
  await expect(page.getByText('There is no page at this address')).toBeVisible();
  await check(page, 'not-found');
});

test('pages with data have no violations', async ({ page, request }) => {
  const account: Account = await newAccount(request);
  const long = 'A pipeline whose name says in eighty characters what it does and why it is so';
  await newPipeline(request, account, long);
  const pipeline = await newPipeline(request, account, 'Swing');
  const run = await finishedRun(request, account, pipeline);
  await logIn(page, account.email);
  await expect(page.getByRole('link', { name: /AAPL/ }).first()).toBeVisible();
  await check(page, 'home');
  await page.goto('/pipelines');
  await expect(page.getByRole('link', { name: long })).toBeVisible();
  await check(page, 'pipelines');
  await page.goto('/pipelines/templates');
  await expect(page.getByRole('main').getByRole('button', { name: /^Use / }).first()).toBeVisible();
  await check(page, 'templates');
  await page.goto('/runs');
  await expect(page.locator('k-run-table tbody tr')).toHaveCount(1);
  await check(page, 'runs');
  await page.goto('/runs/costs');
  await expect(page.getByText('Runs by rules are free.')).toBeVisible();
  await check(page, 'costs');
  await page.goto(`/runs/${run}`);
  await expect(page.locator('k-price-chart canvas').first()).toBeVisible();
  await check(page, 'run');
  await page.goto(`/pipelines/${pipeline}`);
  await expect(page.locator('f-flow.ready')).toBeVisible();
  await check(page, 'editor');
  await page.goto('/account');
  await expect(page.getByRole('button', { name: 'Save budget' })).toBeVisible();
  await check(page, 'account');
});

test('the licences page has no violations', async ({ page, request }) => {
  const account = await newAccount(request);
  await logIn(page, account.email);
  await page.goto('/account');
  await page.getByRole('link', { name: 'See whose work it stands on' }).click();
  await expect(page.getByRole('cell', { name: 'fastapi', exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Browser app' }).click();
  await expect(page.getByRole('cell', { name: 'dompurify', exact: true })).toBeVisible();
  await check(page, 'licences');
  await page.getByRole('searchbox').fill('no such package');
  await expect(page.getByText('No package matches')).toBeVisible();
  await check(page, 'licences-empty');
});

test('pages in error have no violations', async ({ page, request }) => {
  const account = await newAccount(request);
  const pipeline = await newPipeline(request, account, 'Swing');
  await logIn(page, account.email);
  await page.route(/api\/v1\/(pipelines|executions|templates|budgets|system\/licences)/, (route) =>
    route.abort(),
  );
  const pages = {
    home: '/',
    pipelines: '/pipelines',
    templates: '/pipelines/templates',
    editor: `/pipelines/${pipeline}`,
    runs: '/runs',
    run: '/runs/00000000-0000-7000-8000-000000000000',
    account: '/account',
    licences: '/licences',
  };
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(path);
    await expect(page.getByText('Kuber cannot be reached').first()).toBeVisible();
    await check(page, `${name}-error`);
  }
});

test('notices, record and events in error have no violations', async ({ page, request }) => {
  await logIn(page, (await newAccount(request)).email);
  await page.route(/api\/v1\/(notifications|audit|events)/, (route) => route.abort());
  const pages = {
    notices: '/notifications',
    'notice-preferences': '/account/notices',
    record: '/system/audit',
    events: '/system/events',
  };
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(path);
    await expect(page.getByText('Kuber cannot be reached').first()).toBeVisible();
    await check(page, `${name}-error`);
  }
});

test('the page does not move while it loads', async ({ page, request }) => {
  const account = await newAccount(request);
  await newPipeline(request, account, 'Swing');
  await logIn(page, account.email);
  await page.addInitScript(() => {
    document.documentElement.dataset['shift'] = '0';
    new PerformanceObserver((list) => {
      const root = document.documentElement.dataset;
      for (const entry of list.getEntries()) {
        root['shift'] = String(Number(root['shift']) + (entry as LayoutShift).value);
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  for (const path of [
    '/',
    '/pipelines',
    '/runs',
    '/signals',
    '/signals/scanners',
    '/account',
    '/account/notices',
    '/notifications',
    '/system/audit',
    '/system/events',
    '/licences',
  ]) {
    await page.goto(path);
    await page.waitForLoadState('networkidle');
    await settled(page);
    const total = Number(await page.locator('html').getAttribute('data-shift'));
    expect(total, path).toBeLessThan(0.05);
  }
});
