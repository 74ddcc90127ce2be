import { type CDPSession, expect, type Page, test } from '@playwright/test';
import { Editor, tradingPipeline } from './editor-kit';
import { settled } from './support/app';

/** Rounds that are measured; by hand, more. */
const ROUNDS = Number(process.env['ROUNDS'] ?? 10);
/** The first visits fill caches: of templates, icons, the catalogue. */
const WARM_UP = 3;
/** One visit alone used to leave 700 DOM nodes and more behind. */
const SLACK = 300;

interface Held {
  readonly nodes: number;
  readonly heapMb: number;
  readonly workers: number;
}

async function held(page: Page, cdp: CDPSession): Promise<Held> {
  await settled(page);
  for (let i = 0; i < 3; i++) await cdp.send('HeapProfiler.collectGarbage');
  const { metrics } = await cdp.send('Performance.getMetrics');
  const value = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0;
  return {
    nodes: value('Nodes'),
    heapMb: Math.round(value('JSHeapUsedSize') / 1e5) / 10,
    workers: page.workers().length,
  };
}

/** There and back without a reload, as a person goes: with a node selected and the inspector open. */
async function visit(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name, exact: true }).click();
  await expect(page.locator('f-flow.ready')).toBeVisible();
  await page.locator('k-node-card').nth(2).click();
  await expect(page.locator('k-inspector k-schema-form')).toBeVisible();
  await page.getByRole('tab', { name: 'Output' }).click();
  await page.getByRole('link', { name: 'Signals', exact: true }).click();
  await expect(page).toHaveURL(/\/signals/);
  await page.getByRole('link', { name: 'Pipelines', exact: true }).first().click();
  await expect(page.getByRole('link', { name, exact: true })).toBeVisible();
}

test('the editor leaves nothing behind', async ({ page }) => {
  test.setTimeout(60_000 + ROUNDS * 20_000);
  await Editor.open(page, tradingPipeline());
  await page.getByRole('link', { name: 'Pipelines', exact: true }).first().click();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  for (let i = 0; i < WARM_UP; i++) await visit(page, 'Test pipeline');
  const before = await held(page, cdp);
  for (let i = 0; i < ROUNDS; i++) await visit(page, 'Test pipeline');
  const after = await held(page, cdp);
  test.info().annotations.push({ type: 'held', description: JSON.stringify({ before, after }) });
  if (process.env['ROUNDS']) process.stdout.write(`${JSON.stringify({ before, after })}\n`);
  expect(after.nodes - before.nodes).toBeLessThan(SLACK);
  expect(after.workers).toBe(0);
});
