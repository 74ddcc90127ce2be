import { expect, type Page, test } from '@playwright/test';
import { finishedRun, logIn, newAccount, newPipeline } from '../support/app';

const LIMIT = 0.05;
const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];
const LISTS = ['/', '/runs', '/runs/costs', '/pipelines', '/notifications', '/account/notices'];
const PAGES = [
  '/',
  '/account',
  '/account/notices',
  '/notifications',
  '/pipelines',
  '/runs',
  '/runs/costs',
  '/signals',
  '/signals/webhooks',
  '/system/audit',
  '/system/events',
];
/** Each answer comes later than the one before, so that the page is drawn after every one. */
const STEP_MS = 150;
const MOST_STEPS = 6;

interface Shift {
  readonly value: number;
  readonly what: string;
}

/** Has every page write down what moves in it. */
async function watchShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const shifts: Shift[] = [];
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { value, sources } = entry as PerformanceEntry & {
          value: number;
          sources: { node: Node | null }[];
        };
        const what = sources.map(({ node }) =>
          node instanceof Element ? `${node.tagName} ${node.className}` : node?.textContent,
        );
        shifts.push({ value, what: what.join(', ') });
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
}

/** Opens the page on a line on which every answer is late; gives what moved meanwhile. */
async function shiftsOf(page: Page, address: string): Promise<Shift[]> {
  let asked = 0;
  await page.route('**/api/v1/**', async (route) => {
    asked = Math.min(asked + 1, MOST_STEPS);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS * asked));
    await route.fallback().catch(() => undefined);
  });
  await page.goto(address, { waitUntil: 'commit' });
  await page.waitForLoadState('networkidle');
  const shifts = await page.evaluate(() => (window as unknown as { shifts: Shift[] }).shifts);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  return shifts;
}

test('nothing moves while pages load on a slow line', async ({ page, request }) => {
  test.setTimeout(180_000);
  const account = await newAccount(request);
  await watchShifts(page);
  await logIn(page, account.email);
  const look = async (state: string, addresses: readonly string[]) => {
    for (const size of SIZES) {
      await page.setViewportSize(size);
      for (const address of addresses) {
        const shifts = await shiftsOf(page, address);
        const score = shifts.reduce((sum, { value }) => sum + value, 0);
        const why = shifts.map(({ value, what }) => `${value.toFixed(3)} of ${what}`).join('; ');
        expect.soft(score, `${state}, ${address}, ${size.width}: ${why}`).toBeLessThan(LIMIT);
      }
    }
  };
  await look('empty', LISTS);
  const pipeline = await newPipeline(request, account, 'Steady');
  await finishedRun(request, account, pipeline);
  await look('filled', PAGES);
  await look('filled', [`/pipelines/${pipeline}`]);
});
