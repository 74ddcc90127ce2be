import { type APIRequestContext, expect, type Page, test } from '@playwright/test';
import { type Account, logIn, newAccount, newPipeline } from '../support/app';

let account: Account;

test.beforeEach(async ({ page, request }) => {
  account = await newAccount(request);
  await logIn(page, account.email);
});

const nameOf = (page: Page) => page.getByLabel('Name of the pipeline');
const link = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: true });

async function rename(page: Page, name: string): Promise<void> {
  await nameOf(page).fill(name);
  await nameOf(page).press('Enter');
}

/** Deletes a pipeline as another tab does. */
async function deleteElsewhere(request: APIRequestContext, id: string): Promise<void> {
  const headers = { Authorization: `Bearer ${account.token}` };
  expect((await request.delete(`/api/v1/pipelines/${id}`, { headers })).ok()).toBe(true);
}

test('a pipeline that was deleted elsewhere is exported as it is seen, and saved as a new one', async ({
  page,
  request,
}) => {
  const id = await newPipeline(request, account, 'Deleted');
  await page.goto(`/pipelines/${id}`);
  await expect(nameOf(page)).toHaveValue('Deleted');
  await deleteElsewhere(request, id);
  await rename(page, 'Deleted, changed');
  const bar = page.getByRole('alert').filter({ hasText: 'was deleted elsewhere' });
  await expect(bar).toBeVisible();
  await expect(page.locator('k-save-state')).toHaveText(/Deleted elsewhere/);

  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Export as JSON' }).click();
  expect((await downloading).suggestedFilename()).toBe('deleted-changed.json');

  await link(page, 'Runs').click();
  const dialog = page.getByRole('dialog', { name: 'Leave a pipeline that was deleted?' });
  await expect(dialog).not.toContainText('This tab keeps it');
  await dialog.getByRole('button', { name: 'Cancel' }).click();

  await bar.getByRole('button', { name: 'Save as a new pipeline' }).click();
  await expect(page).not.toHaveURL(new RegExp(id));
  await expect(nameOf(page)).toHaveValue('Deleted, changed');
  await expect(bar).toBeHidden();
  await expect(page.locator('k-save-state')).toHaveAttribute('data-state', 'saved');
});

test('a change that was kept of a pipeline that was deleted since is shown, and can be saved', async ({
  page,
  request,
}) => {
  const id = await newPipeline(request, account, 'Kept');
  await page.goto(`/pipelines/${id}`);
  await expect(nameOf(page)).toHaveValue('Kept');
  await page.route(`**/api/v1/pipelines/${id}`, (route) => route.abort('connectionrefused'));
  await rename(page, 'Kept, changed');
  await expect(page.locator('k-save-state')).toHaveAttribute('data-state', 'offline');
  await deleteElsewhere(request, id);
  await link(page, 'Pipelines').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
  await expect(page).toHaveURL(/\/pipelines$/);
  await page.unroute(`**/api/v1/pipelines/${id}`);
  await page.goto(`/pipelines/${id}`);
  await expect(nameOf(page)).toHaveValue('Kept, changed');
  await page.getByRole('button', { name: 'Save as a new pipeline' }).click();
  await expect(page).not.toHaveURL(new RegExp(id));
  await expect(nameOf(page)).toHaveValue('Kept, changed');
});
