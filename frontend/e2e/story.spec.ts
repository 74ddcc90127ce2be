import { expect, type Locator, type Page, test } from '@playwright/test';
import { newEmail, PASSWORD, watchForErrors } from './support/app';

/**
 * The first story of a new user: sign up, open a template, change one setting, run it on history,
 * watch each node, read the trade and the reasons for it. Once by mouse in each theme, once by
 * keyboard alone.
 */

const NODES = ['trigger', 'data', 'bias', 'strategy', 'risk', 'trade', 'report'];

test.use({ timezoneId: 'UTC' });
test.setTimeout(120_000);

for (const scheme of ['light', 'dark'] as const) {
  test(`from sign-up to a trade and its reasons, ${scheme}`, async ({ page }) => {
    const errors = watchForErrors(page);
    await fixLuck(page);
    await page.emulateMedia({ colorScheme: scheme });
    const shot = pictures(page, scheme);
    await signUp(page, shot);
    await openTemplate(page, shot);
    await changeOneSetting(page, shot);
    await run(page, shot);
    await readTheRun(page, shot);
    expect(errors).toEqual([]);
  });
}

test('from sign-up to a trade and its reasons, by keyboard alone', async ({ page }) => {
  const keys = new Keyboard(page);
  await fixLuck(page);
  await page.goto('/signup');
  await expect(page.getByRole('heading', { name: 'Create an account' })).toBeVisible();
  await keys.goTo(page.getByLabel('E-mail'));
  await page.keyboard.type(newEmail());
  await keys.goTo(page.getByLabel('Password'));
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');

  await expect(page.getByRole('heading', { name: 'Start from a template' })).toBeVisible();
  await keys.press(page.getByRole('link', { name: 'All templates' }));
  await keys.press(page.getByRole('button', { name: 'Use template Golden cross swing' }));

  await expect(page.locator('f-flow.ready')).toBeVisible();
  await keys.goTo(card(page, 'trigger'));
  for (const next of ['data', 'bias', 'strategy']) {
    await page.keyboard.press('Control+ArrowRight');
    await expect(card(page, next)).toBeFocused();
  }
  await page.keyboard.press('Enter');
  await expect(page.locator('k-inspector k-schema-form :focus')).toBeVisible();
  await keys.goTo(page.getByLabel('Cross within'));
  await page.keyboard.press('Control+a');
  await page.keyboard.type('15');
  const seen = await watchStates(page);
  await page.keyboard.press('Control+Enter');
  await expectEachNodeToLightUp(page, seen);

  await expect(page.getByRole('link', { name: 'Open the run' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Bought \d+ AAPL at /);
  await keys.press(page.locator('k-run-timeline').getByRole('button', { name: /^Strategy/ }));
  await expect(page.getByLabel('Node', { exact: true })).toContainText('SMA');
  await keys.goTo(page.getByLabel('Results').getByRole('tab', { name: 'Report' }));
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('table', { name: 'Fills' })).toBeVisible();
});

/** The market's luck is fixed by the seed, which the page leaves to chance: the order is filled. */
async function fixLuck(page: Page): Promise<void> {
  await page.route('**/api/v1/pipelines/*/run', (route) =>
    route.continue({ postData: { ...route.request().postDataJSON(), seed: 7 } }),
  );
}

type Shot = (name: string) => Promise<void>;

function pictures(page: Page, scheme: string): Shot {
  let step = 0;
  return async (name) => {
    step += 1;
    await page.screenshot({ path: `e2e/shots/story-${step}-${name}-${scheme}.png` });
  };
}

async function signUp(page: Page, shot: Shot): Promise<void> {
  await page.goto('/');
  await page.getByRole('link', { name: 'Sign up' }).click();
  await expect(page.getByRole('heading', { name: 'Create an account' })).toBeVisible();
  await page.getByLabel('E-mail').fill(newEmail());
  await page.getByLabel('Password').fill(PASSWORD);
  await shot('sign-up');
  await page.getByRole('button', { name: 'Sign up' }).click();
  await expect(page.getByRole('heading', { name: 'Start from a template' })).toBeVisible();
  await expect(page.getByText('No pipelines yet')).toBeVisible();
  await shot('home');
}

async function openTemplate(page: Page, shot: Shot): Promise<void> {
  await page.getByRole('link', { name: 'All templates' }).click();
  await expect(page.getByRole('button', { name: 'Use template Golden cross swing' })).toBeVisible();
  await shot('templates');
  await page.getByRole('button', { name: 'Use template Golden cross swing' }).click();
  await expect(page.locator('f-flow.ready')).toBeVisible();
  await expect(page).toHaveURL(/symbol=AAPL/);
  await expect(page.getByRole('combobox', { name: 'Symbol to run on' })).toHaveValue('AAPL');
  await expect(page.getByLabel('Date and time to run as of')).toHaveValue('2009-05-14T21:00');
  await expect(page.locator('k-top-bar')).toContainText('Sample history');
  await expect(page.locator('k-node-card')).toHaveCount(NODES.length);
  await expect(page.locator('[data-agent]').first()).toBeVisible();
  await shot('editor');
}

async function changeOneSetting(page: Page, shot: Shot): Promise<void> {
  await card(page, 'strategy').click();
  const form = page.locator('k-schema-form');
  await expect(form.getByText('Golden cross').first()).toBeVisible();
  await expect(form.getByText('RSI mean reversion')).toHaveCount(0);
  await form.getByLabel('Cross within').fill('15');
  await expect(page.locator('k-save-state')).toHaveAttribute('data-state', 'saved');
  await shot('setting');
}

async function run(page: Page, shot: Shot): Promise<void> {
  await page.getByRole('button', { name: 'Fit to the window' }).click();
  const seen = await watchStates(page);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect.poll(() => seen, { intervals: [20] }).toContain('bias:running');
  await shot('running');
  await expectEachNodeToLightUp(page, seen);
  await expect(page.locator('k-inspector k-markdown')).not.toBeEmpty();
  await shot('done');
}

async function readTheRun(page: Page, shot: Shot): Promise<void> {
  await page.getByRole('link', { name: 'Open the run' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Bought \d+ AAPL at /);
  await expect(page.locator('k-price-chart canvas').first()).toBeVisible();
  await shot('run');
  const node = page.getByLabel('Node', { exact: true });
  await page
    .locator('k-run-timeline')
    .getByRole('button', { name: /^Strategy/ })
    .click();
  await expect(node.locator('k-markdown')).toContainText('SMA 50');
  await shot('reasons');
  await page.getByLabel('Results').getByRole('tab', { name: 'Trade' }).click();
  await expect(page.getByRole('table', { name: 'Fills' })).toBeVisible();
  await page.getByRole('table', { name: 'Fills' }).scrollIntoViewIfNeeded();
  await shot('trade');
}

function card(page: Page, id: string): Locator {
  return page.locator(`k-node-card[data-f-node-id="${id}"]`);
}

/** Notes every state that a card on the canvas is in from now on, as "node:state". */
async function watchStates(page: Page): Promise<string[]> {
  const seen: string[] = [];
  await page.exposeFunction('noteState', (state: string) => void seen.push(state));
  await page.evaluate(() => {
    const { noteState } = window as unknown as { noteState: (state: string) => void };
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const { status, fNodeId } = (target as HTMLElement).dataset;
        if (status && fNodeId) noteState(`${fNodeId}:${status}`);
      }
    }).observe(document.body, { subtree: true, attributeFilter: ['data-status'] });
  });
  return seen;
}

async function expectEachNodeToLightUp(page: Page, seen: string[]): Promise<void> {
  await expect(page.locator('.result .outcome')).toHaveText(/^Bought \d+ AAPL at /, {
    timeout: 45_000,
  });
  for (const id of NODES) {
    const states = seen.filter((state) => state.startsWith(`${id}:`));
    expect(states.indexOf(`${id}:running`), `${id} was seen running`).toBeGreaterThanOrEqual(0);
    expect(states.at(-1), id).toBe(`${id}:succeeded`);
  }
}

/** Only keys: nothing is clicked, filled or focused by any other way. */
class Keyboard {
  constructor(private readonly page: Page) {}

  /** Tabs on until the thing has the focus, as often as it takes to go round the page once. */
  async goTo(target: Locator): Promise<void> {
    await expect(target).toBeVisible();
    for (let presses = 0; presses < 80; presses++) {
      await this.page.keyboard.press('Tab');
      if (await target.evaluate((element) => element === document.activeElement)) return;
    }
    throw new Error(`Tab does not lead to ${target}.`);
  }

  async press(target: Locator): Promise<void> {
    await this.goTo(target);
    await this.page.keyboard.press('Enter');
  }
}
