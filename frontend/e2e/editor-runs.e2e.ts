import { expect, test } from '@playwright/test';
import { Editor, ON_SAMPLE, tradingPipeline } from './editor-kit';

test.describe('running', () => {
  test('shows each node as it runs, the decision, and why', async ({ page }) => {
    const editor = await Editor.open(page, tradingPipeline(), ON_SAMPLE);
    const seen = new Set<string>();
    await page.exposeFunction('seen', (status: string) => seen.add(status));
    await page.evaluate(() => {
      const report = (window as unknown as { seen: (status: string) => void }).seen;
      new MutationObserver((changes) => {
        for (const { target } of changes) {
          const status = (target as Element).getAttribute('data-status');
          if (status) report(status);
        }
      }).observe(document.body, {
        attributes: true,
        subtree: true,
        attributeFilter: ['data-status'],
      });
    });
    await page.keyboard.press('Control+Enter');
    await expect(page.locator('.result')).toBeVisible({ timeout: 30_000 });
    await expect(editor.card('strategy')).toHaveAttribute('data-status', 'succeeded');
    await expect(editor.card('strategy').locator('.figures')).toHaveText(/ms|s/);
    expect(seen).toContain('succeeded');
    await expect(page.getByRole('link', { name: 'Open the run' })).toHaveAttribute(
      'href',
      /\/runs\/.+/,
    );
    await expect(page.locator('k-inspector')).toBeVisible();
    await page.getByRole('button', { name: 'Fit to the window' }).click();
    await editor.card('strategy').click();
    await page.getByRole('tab', { name: 'Reasoning' }).click();
    await expect(page.locator('k-run-reasoning k-markdown')).not.toBeEmpty();
    await page.getByRole('tab', { name: 'Output' }).click();
    await expect(page.locator('k-run-data k-json-tree')).toContainText(/strategy/i);
    await editor.shot('after-run');
    await page.getByRole('link', { name: 'Home', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Start from a template' })).toBeVisible();
    await page.goBack();
    await expect(page.locator('.result')).toBeVisible();
    await expect(editor.card('strategy')).toHaveAttribute('data-status', 'succeeded');
  });

  test('marks what a changed graph no longer stands for, until the change is taken back', async ({
    page,
  }) => {
    const editor = await Editor.open(page, tradingPipeline(), ON_SAMPLE);
    await editor.run.click();
    await expect(page.locator('.result')).toBeVisible({ timeout: 30_000 });
    await expect(editor.card('strategy')).toHaveAttribute('data-status', 'succeeded');
    await expect(page.locator('.result .version')).toBeHidden();
    await expect(page.locator('k-node-card.stale')).toHaveCount(0);
    await editor.card('strategy').click();
    await page.keyboard.press('Delete');
    await expect(page.locator('.result .version')).toHaveText(/of version 1/);
    await expect(editor.card('risk')).toHaveClass(/stale/);
    await expect(editor.card('data')).not.toHaveClass(/stale/);
    await editor.shot('stale');
    await page.keyboard.press('Control+z');
    await expect(page.locator('.result .version')).toBeHidden();
    await expect(page.locator('k-node-card.stale')).toHaveCount(0);
  });

  test('opens the node that explains a hold, and lets its reason be read in full', async ({
    page,
  }) => {
    const editor = await Editor.open(page, { template: 'golden-cross' });
    await page.getByRole('combobox', { name: 'As of' }).selectOption('history');
    await page.getByLabel('Date and time to run as of').fill('2012-09-14T21:00');
    await page.getByLabel('Date and time to run as of').blur();
    await page.getByRole('combobox', { name: 'Symbol to run on' }).fill('AAPL');
    await page.keyboard.press('Enter');
    await editor.run.click();
    await expect(page.locator('.result')).toContainText('No trade: hold', { timeout: 30_000 });
    await expect(editor.card('strategy')).toHaveClass(/picked/);
    await expect(page.getByRole('tab', { name: 'Reasoning' })).toHaveAttribute(
      'aria-selected',
      'true',
    );
    const reasons = page.locator('.result .decided');
    const cut = () => reasons.evaluate((text) => text.scrollHeight > text.clientHeight);
    await page.setViewportSize({ width: 900, height: 800 });
    await expect.poll(cut).toBe(true);
    await page.locator('.result').getByRole('button', { name: 'More' }).click();
    await expect.poll(cut).toBe(false);
    await editor.shot('hold');
  });

  test('says which prices a run will read, and goes to the sample in its years', async ({
    page,
  }) => {
    const editor = await Editor.open(page, tradingPipeline());
    const symbol = page.getByRole('combobox', { name: 'Symbol to run on' });
    await symbol.fill('AAPL');
    await expect(page.getByRole('option', { name: /AAPL/ })).toContainText(
      'Simulated · sample 2004 to 2013',
    );
    await symbol.press('Enter');
    const prices = page.locator('k-prices-read');
    await expect(prices).toContainText('Simulated prices');
    await expect(page.locator('k-top-bar')).toContainText('Simulated data');
    await prices.getByRole('button', { name: 'Sample: 2004 to 2013' }).click();
    await expect(prices).toContainText('Sample prices, 2004 to 1 Mar 2013');
    await expect(page.locator('k-top-bar')).toContainText('Sample history');
    await expect(page.getByLabel('Date and time to run as of')).toHaveValue(/^2013-03-0/);
    await page.getByRole('combobox', { name: 'As of' }).selectOption('now');
    await symbol.fill('NVDA');
    await symbol.press('Enter');
    await expect(prices).toHaveText('Simulated prices');
    await editor.saved();
  });

  test('saves what was just typed before it runs', async ({ page }) => {
    const editor = await Editor.open(page, tradingPipeline(), ON_SAMPLE);
    const before = (await editor.stored()).revision;
    await editor.card('risk').click();
    await page.getByRole('textbox', { name: 'Name of this node' }).fill('Careful risk');
    await page.keyboard.press('Control+Enter');
    await expect(page.locator('.result')).toBeVisible({ timeout: 30_000 });
    const after = await editor.stored();
    expect(after.revision).toBeGreaterThan(before);
    expect(after.graph.nodes.find((item) => item.id === 'risk')?.name).toBe('Careful risk');
  });
});
