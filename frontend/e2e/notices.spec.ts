import { expect, type Page, test } from '@playwright/test';
import { type Account, logIn, newAccount, newPipeline, watchForErrors } from './support/app';
import { check } from './support/look';
import {
  bell,
  expectUnread,
  filledOrder,
  fillNotices,
  openPanel,
  sendTest,
} from './support/notices';

test.setTimeout(300_000);

const PHONE = { width: 390, height: 844 };
const LONG = 'A pipeline whose name says in eighty characters what it does and why it is so';
const NOTICES = [
  ['pipeline_switched_off', `${LONG} was switched off`, 'Its scanner was deleted.', true],
  ['run_failed', `${LONG} failed on MSFT`, 'No answer within 60 seconds. '.repeat(10), false],
  ['webhook_refused', 'A delivery to Scripts was refused', 'No secret gives this.', false],
].map(([kind, title, text, alarm], index) => ({
  id: `019aa5a0-0000-7000-8000-00000000000${index}`,
  ...{ kind, title, text, alarm, path: '/pipelines', count: index + 1, read_at: null },
  name: index < 2 ? LONG : 'Scripts',
  first_at: '2026-11-21T11:00:00Z',
  at: '2026-11-21T11:30:00Z',
}));

let account: Account;

test.beforeEach(async ({ page, request }) => {
  account = await newAccount(request);
  await logIn(page, account.email);
});

async function expectNoSideways(page: Page): Promise<void> {
  const [inner, outer] = await page
    .locator('main#content')
    .evaluate((main) => [main.scrollWidth, main.clientWidth]);
  expect(inner).toBeLessThanOrEqual(outer!);
}

test('an order that is filled is told without a reload, and leads to its run', async ({
  page,
  request,
}) => {
  const errors = watchForErrors(page);
  const pipeline = await newPipeline(request, account, 'Swing');
  await page.goto('/pipelines');
  await expectUnread(page, 0);
  await page.evaluate(() => Object.assign(window, { stayed: true }));
  const run = await filledOrder(request, account, pipeline);
  await expectUnread(page, 1);
  await expect(page.locator('k-notice-bell [role=status]')).toContainText(
    /^New notice: Bought \d+ AAPL at/,
  );
  expect(await page.evaluate(() => 'stayed' in window)).toBe(true);

  const panel = await openPanel(page);
  await expect(panel.getByRole('link', { name: /Bought \d+ AAPL.*Unread/s })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(panel).toBeHidden();
  await expect(bell(page)).toBeFocused();

  await openPanel(page);
  await panel.getByRole('link', { name: /Bought \d+ AAPL/ }).click();
  await expect(page).toHaveURL(new RegExp(`/runs/${run}$`));
  await expect(panel).toBeHidden();
  await expectUnread(page, 0);
  expect(errors).toEqual([]);
});

test('what is read in one tab is read in the others', async ({ page, context, request }) => {
  await sendTest(request, account);
  await page.goto('/notifications');
  await expectUnread(page, 1);
  const other = await context.newPage();
  await other.goto('/runs');
  await expectUnread(other, 1);
  const panel = await openPanel(other);
  await panel.getByRole('button', { name: 'Mark all as read' }).click();
  await expectUnread(other, 0);
  await expectUnread(page, 0);
  await page.getByRole('button', { name: /^Mark as unread: / }).click();
  await expectUnread(other, 1);
  await expect(panel.getByText('Unread')).toBeAttached();
});

test('the page lists notices by day, filters them, and takes up what comes', async ({
  page,
  request,
}) => {
  const pipeline = await newPipeline(request, account, 'Swing');
  await filledOrder(request, account, pipeline);
  await page.goto('/notifications');
  const main = page.getByRole('main');
  await expect(main.getByRole('heading', { name: 'Today' })).toBeVisible();
  await sendTest(request, account);
  await expect(main.getByRole('listitem')).toHaveCount(2);
  await main.getByRole('button', { name: 'Order filled' }).click();
  await expect(page).toHaveURL(/kind=order_filled/);
  await expect(main.getByRole('listitem')).toHaveCount(1);
  await main.getByRole('listitem').getByRole('link').click();
  await expect(page).toHaveURL(/\/runs\//);
  await page.goBack();
  await expect(page).toHaveURL(/kind=order_filled/);
  await main.getByRole('button', { name: 'Unread', exact: true }).click();
  await expect(page.getByText('No notice matches')).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(main.getByRole('listitem')).toHaveCount(2);
});

test('preferences are saved at once, and put back when they are not', async ({ page }) => {
  await page.goto('/account');
  await page.getByRole('link', { name: 'Notice preferences' }).click();
  const filled = page.getByRole('switch', { name: 'Order filled, in the app' });
  await expect(filled).toBeChecked();
  await expect(page.getByRole('row', { name: /Budget spent/ })).toContainText('Always');
  await expect(page.getByText('KUBER_SMTP_URL')).toBeVisible();
  await expect(page.getByRole('row', { name: /Order filled/ })).toContainText('Not set up');
  await filled.click();
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  await page.reload();
  await expect(filled).not.toBeChecked();
  await page.route('**/notifications/preferences', (route) =>
    route.request().method() === 'PUT' ? route.abort() : route.fallback(),
  );
  await filled.click();
  await expect(page.getByRole('alert').filter({ hasText: 'Not saved.' })).toBeVisible();
  await expect(filled).not.toBeChecked();
});

test('a test comes to the bell', async ({ page }) => {
  await page.goto('/account/notices');
  await page.getByRole('button', { name: 'Send a test' }).click();
  await expectUnread(page, 1);
  const panel = await openPanel(page);
  await expect(panel).toContainText('This is a test');
});

test('notices have no violations, and fit a phone', async ({ page }) => {
  await fillNotices(page, NOTICES);
  await page.goto('/notifications');
  const main = page.getByRole('main');
  await expect(main.getByRole('listitem')).toHaveCount(NOTICES.length);
  await check(page, 'notices');
  await check(page, 'notices-panel', async () => void (await openPanel(page)));
  await page.setViewportSize(PHONE);
  await page.keyboard.press('Escape');
  await expectNoSideways(page);
  await page.goto('/account/notices');
  await expect(page.getByRole('switch', { name: 'Order filled, in the app' })).toBeVisible();
  await expectNoSideways(page);
  await check(page, 'notice-preferences');
});

test('no notices, and notices that cannot be read, have no violations', async ({ page }) => {
  await page.goto('/notifications');
  await expect(page.getByText('No notices yet')).toBeVisible();
  await check(page, 'notices-empty');
  await check(page, 'notices-panel-empty', async () => void (await openPanel(page)));
  await page.route('**/api/v1/notifications?*', (route) => route.abort());
  await page.reload();
  await expect(page.getByRole('main').getByRole('alert')).toBeVisible();
  await check(page, 'notices-panel-error', async () => void (await openPanel(page)));
});

test('mail is confirmed by a code', async ({ page }) => {
  let state = 'unconfirmed';
  const mail = () => ({ id: 'mail', name: 'Mail', state, address: account.email, detail: 'Mail.' });
  await page.route('**/notifications/channels', (route) =>
    route.fulfill({ json: { items: [mail()] } }),
  );
  await page.route('**/channels/mail/code', (route) => {
    state = 'awaiting_code';
    return route.fulfill({ status: 202, json: {} });
  });
  await page.route('**/channels/mail/confirm', (route) => {
    if ((route.request().postDataJSON() as { code: string }).code === '123456') {
      state = 'on';
      return route.fulfill({ json: mail() });
    }
    const errors = [{ field: 'code', message: 'This is not the code.', remedy: 'Look again.' }];
    const json = { title: 'Wrong', code: 'wrong_code', status: 422, detail: 'Wrong.', errors };
    return route.fulfill({ status: 422, json });
  });
  await page.goto('/account/notices');
  await page.getByRole('button', { name: 'Send code' }).click();
  const code = page.getByLabel('Code from the mail');
  await code.fill('000000');
  await code.press('Enter');
  await expect(page.getByText('This is not the code. Look again.')).toBeVisible();
  await check(page, 'notice-preferences-code');
  await code.fill('123456');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByRole('button', { name: 'Stop mail' })).toBeVisible();
  await expect(page.getByRole('switch', { name: 'Order filled, by mail' })).toBeEnabled();
});
