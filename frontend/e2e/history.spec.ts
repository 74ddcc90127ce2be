import { expect, type Page, test } from '@playwright/test';
import { type Account, logIn, newAccount, newPipeline } from './support/app';
import { check } from './support/look';
import { filledOrder } from './support/notices';

test.setTimeout(300_000);

const TOTAL = 30_000;
let account: Account;

test.beforeEach(async ({ page, request }) => {
  account = await newAccount(request);
  await logIn(page, account.email);
});

/** Shows the pages as an administrator sees them; the server still answers as to a user. */
async function asAdmin(page: Page): Promise<void> {
  await page.route('**/api/v1/users/me', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ json: { ...(await answer.json()), role: 'admin' } });
  });
}

/** Answers verification part by part, each once `gate` lets it; what is wrong comes in the last. */
async function answerParts(page: Page, findings: object[], gate: () => Promise<unknown>) {
  await page.route('**/api/v1/audit/verify?*', async (route) => {
    const query = new URL(route.request().url()).searchParams;
    const after = Number(query.get('after'));
    const until = Math.min(after + Number(query.get('limit')), TOTAL);
    const last = until === TOTAL;
    await gate();
    await route.fulfill({
      json: {
        intact: !(last && findings.length),
        complete: true,
        checked: until - after,
        first_bad: null,
        findings: last ? findings : [],
        end_unchecked: last ? 'The newest checkpoint outside the database is an hour old.' : null,
        authorship: 'Consistent with key 1f3a9c. Whose key that is, was not checked.',
        total: TOTAL,
        next: last ? null : until,
        checkpoints: last ? 12 : null,
        key_id: '1f3a9c',
      },
    });
  });
}

test('everybody finds their own record and events, and what an entry holds', async ({
  page,
  request,
}) => {
  const run = await filledOrder(request, account, await newPipeline(request, account, 'Swing'));
  await page.goto('/account');
  await page.getByRole('link', { name: 'Your record' }).click();
  await expect(page).toHaveURL(/\/system\/audit$/);
  const record = page.getByRole('table', { name: 'Record' });
  const placed = record.getByRole('row', { name: /Order placed.*Buy \d+ AAPL/ });
  await expect(async () => {
    await page.reload();
    await expect(placed).toBeVisible({ timeout: 2_000 });
  }).toPass();
  await expect(page.getByRole('button', { name: 'Verify' })).toHaveCount(0);
  await page.getByRole('combobox', { name: 'Type' }).click();
  await page.getByRole('option', { name: 'Order placed' }).click();
  await expect(page).toHaveURL(/type=order_intended/);
  await expect(record.locator('tbody tr')).toHaveCount(1);
  await placed.getByRole('button', { name: /^Details of entry/ }).click();
  await expect(page.getByRole('link', { name: 'Open the run' })).toHaveAttribute(
    'href',
    `/runs/${run}`,
  );
  await expect(page.getByRole('button', { name: 'Copy the previous hash' })).toBeVisible();
  await check(page, 'record-open');

  await page.getByRole('link', { name: 'Events', exact: true }).click();
  const events = page.getByRole('table', { name: 'Events' });
  const finished = events.getByRole('row', { name: /Run finished.*AAPL succeeded/ });
  await expect(finished).toBeVisible();
  await expect(page.getByText('Kept for 7 days')).toBeVisible();
  await finished.getByRole('button', { name: /^Show only events of/ }).click();
  await expect(page).toHaveURL(/correlation=/);
  await expect(events.getByRole('row', { name: /Logged in/ })).toHaveCount(0);
  await page.getByRole('button', { name: 'Last hour' }).click();
  await expect(page).toHaveURL(/since=hour/);
  await expect(finished).toBeVisible();
  await finished.getByRole('button', { name: 'Details of Run finished' }).click();
  await expect(page.getByRole('link', { name: 'Open the run' })).toBeVisible();
  await check(page, 'events-open');
  await page.reload();
  await expect(page.getByRole('searchbox', { name: 'Correlation id' })).not.toHaveValue('');
  await page.getByRole('combobox', { name: 'Service' }).click();
  await page.getByRole('option', { name: 'api' }).click();
  await expect(page.getByText('No event matches')).toBeVisible();
  await check(page, 'events-empty');
  await page.getByRole('button', { name: 'Clear filters' }).last().click();
  await expect(page).toHaveURL(/\/system\/events$/);
});

test('administrators verify the record, see how far it is, and can stop', async ({ page }) => {
  await asAdmin(page);
  let open = (): void => undefined;
  let gate = Promise.resolve<unknown>(null);
  const shut = () => (gate = new Promise<void>((resolve) => (open = resolve)));
  await answerParts(page, [], () => gate);
  await page.goto('/system/audit');
  await expect(page.getByRole('table', { name: 'Record' })).toBeVisible();
  shut();
  await page.getByRole('button', { name: 'Verify' }).click();
  const bar = page.getByRole('progressbar', { name: 'Verified' });
  await expect(bar).toHaveAttribute('aria-valuenow', '0');
  open();
  shut();
  await expect(page.getByText('10,000 of 30,000')).toBeVisible();
  await check(page, 'record-verifying');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(
    page.getByText(/^Stopped after 10,000 of 30,000 entries: nothing wrong/),
  ).toBeVisible();
  gate = Promise.resolve(null);
  open();
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(
    page.getByText('Intact: 30,000 entries, 12 checkpoints, nothing wrong.'),
  ).toBeVisible();
  await expect(page.getByText('an hour old')).toBeVisible();
  await expect(page.getByText(/^Last verified/)).toBeVisible();
  await check(page, 'record-intact');
});

test('what is wrong with the record is named with its place', async ({ page }) => {
  await asAdmin(page);
  const findings = [
    { chain_position: 17_007, damage: 'entry_changed', detail: 'It is not what was hashed.' },
    { chain_position: null, damage: 'row_unrecorded', detail: 'Fill 9 of an order.' },
  ];
  await answerParts(page, findings, () => Promise.resolve());
  await page.goto('/system/audit');
  await page.getByRole('button', { name: 'Verify' }).click();
  await expect(page.getByText(/^Not intact: 2 things are wrong/)).toBeVisible();
  await expect(
    page.getByRole('listitem').filter({ hasText: /17,007\s*This entry was changed/ }),
  ).toBeVisible();
  await check(page, 'record-damaged');
  await page.getByRole('button', { name: 'Show entry 17,007' }).click();
  await expect(page).toHaveURL(/up_to=17007/);
  await expect(page.getByRole('button', { name: 'From place 17,007: remove' })).toBeVisible();
});
