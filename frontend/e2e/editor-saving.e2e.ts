import { expect, test } from '@playwright/test';
import { Editor, tradingPipeline } from './editor-kit';

test.describe('saving', () => {
  test('never saves over what another window saved', async ({ page, context }) => {
    const editor = await Editor.open(page, tradingPipeline());
    const other = await context.newPage();
    await other.addInitScript(() => localStorage.setItem('kuber.session', '1'));
    await other.goto(page.url());
    await expect(other.locator('f-flow.ready')).toBeVisible();

    const rename = async (target: typeof page, name: string) => {
      const field = target.getByRole('textbox', { name: 'Name of the pipeline' });
      await field.fill(name);
      await field.press('Enter');
    };
    await rename(other, 'From the other window');
    await expect.poll(async () => (await editor.stored()).name).toBe('From the other window');
    await expect(other.locator('k-save-state')).toHaveAttribute('data-state', 'saved');

    await expect(page.getByRole('textbox', { name: 'Name of the pipeline' })).toHaveValue(
      'From the other window',
    );
    await page.routeWebSocket('**/api/v1/ws', (socket) => void socket.close());
    await page.reload();
    await expect(page.locator('f-flow.ready')).toBeVisible();
    await rename(other, 'From the other window again');
    await expect(other.locator('k-save-state')).toHaveAttribute('data-state', 'saved');
    await rename(page, 'From this window');
    await expect(page.getByText('This pipeline was changed elsewhere.')).toBeVisible();
    await editor.shot('conflict');
    await page.waitForTimeout(1_200);
    expect((await editor.stored()).name).toBe('From the other window again');

    await page.getByRole('button', { name: 'Keep mine' }).click();
    await editor.saved();
    expect((await editor.stored()).name).toBe('From this window');

    await expect(other.getByRole('textbox', { name: 'Name of the pipeline' })).toHaveValue(
      'From this window',
    );

    await rename(other, 'First again');
    await expect(other.locator('k-save-state')).toHaveAttribute('data-state', 'saved');
    await rename(page, 'Too late');
    await expect(page.getByText('This pipeline was changed elsewhere.')).toBeVisible();
    await page.getByRole('button', { name: 'Reload' }).click();
    await expect(page.getByRole('textbox', { name: 'Name of the pipeline' })).toHaveValue(
      'First again',
    );
  });

  test('says that it is offline and saves once it is back', async ({ page, context }) => {
    const editor = await Editor.open(page, tradingPipeline());
    await context.setOffline(true);
    await editor.card('trade').click();
    await page.keyboard.press('ArrowDown');
    await expect(page.getByText('Not saved: offline, retrying')).toBeVisible();
    await context.setOffline(false);
    await editor.saved();
  });

  test('takes an earlier version back, and undo takes that back', async ({ page }) => {
    const editor = await Editor.open(page, tradingPipeline());
    await editor.card('trade').click();
    await page.keyboard.press('Delete');
    await editor.saved();
    await page.getByRole('button', { name: 'Versions' }).click();
    await expect(page.locator('k-versions-panel')).toContainText('Trade manager removed');
    await editor.shot('versions');
    await page.getByRole('button', { name: 'Restore to draft version 1' }).click();
    await editor.counts(5, 4);
    await expect(page.getByRole('button', { name: 'Published v1' })).toBeVisible();
    await page.getByRole('button', { name: 'Undo' }).click();
    await editor.counts(4, 3);
  });
});
