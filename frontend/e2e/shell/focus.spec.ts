import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { logIn, newAccount, newPipeline, settled } from '../support/app';
import { newScanner, newSubscriber } from '../support/signals';

/** WCAG 2.2, 2.4.13: a ring one can see differs 3:1 from what was there without it. */
const CONTRAST = 3;
/** Of the outline of the control, so much has to be drawn (some of it may be cut off). */
const SHARE = 0.5;
/** So much of it, where the ring lies inside the control and all of it is drawn. */
const WHOLE = 1.5;
const ROOM = 6;
const PAGES = [
  '/',
  '/pipelines',
  '/runs',
  '/account',
  '/account/notices',
  '/notifications',
  '/system/audit',
  '/system/events',
  '/signals/webhooks',
  '/signals/scanners/new',
];
const MOST_STOPS = 60;

/** Counts the pixels that differ by the contrast, in a page of its own that can decode pictures. */
async function countChanged(lab: Page, before: Buffer, after: Buffer): Promise<number> {
  return lab.evaluate(
    async ({ pictures, least }) => {
      const pixels = async (base64: string) => {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
        const pen = new OffscreenCanvas(image.width, image.height).getContext('2d')!;
        pen.drawImage(image, 0, 0);
        return pen.getImageData(0, 0, image.width, image.height).data;
      };
      const luminance = (data: Uint8ClampedArray, at: number) => {
        const part = (value: number) =>
          value <= 10 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4;
        return (
          0.2126 * part(data[at]!) + 0.7152 * part(data[at + 1]!) + 0.0722 * part(data[at + 2]!)
        );
      };
      const [a, b] = [await pixels(pictures[0]!), await pixels(pictures[1]!)];
      let count = 0;
      for (let at = 0; at < Math.min(a.length, b.length); at += 4) {
        const [x, y] = [luminance(a, at), luminance(b, at)];
        if ((Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05) >= least) count += 1;
      }
      return count;
    },
    { pictures: [before.toString('base64'), after.toString('base64')], least: CONTRAST },
  );
}

/** What has the focus: its place, and a name to report it by. */
function focused(page: Page) {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    if (!element || element === document.body) return null;
    // Some controls cannot be seen themselves: of a slider the thumb is, of a choice its label.
    const thumb = element.closest('mat-slider')?.querySelector('.mdc-slider__thumb-knob');
    const card = element.matches('.k-sr-only') ? element.closest('label') : null;
    const seen = thumb ?? card ?? element;
    const box = seen.getBoundingClientRect();
    const label = element.getAttribute('aria-label') ?? element.textContent?.trim().slice(0, 30);
    const picked = '[type=checkbox], [type=radio], [type=range]';
    const typed = element.matches(`input:not(${picked}), textarea, mat-select, main, .skip`);
    return {
      box: { x: box.x, y: box.y, width: box.width, height: box.height },
      name: `${element.tagName.toLowerCase()}.${element.className} "${label}"`,
      key: `${element.tagName}.${element.className.replace(/ng-\S+|cdk-\S+/g, '').trim()}`,
      typed,
    };
  });
}

async function invisible(page: Page, lab: Page, seen: Set<string>): Promise<string[]> {
  const faults: string[] = [];
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    await page.keyboard.press('Tab');
    const at = await focused(page);
    if (!at) break;
    if (at.typed || seen.has(at.key) || !at.box.width) continue;
    seen.add(at.key);
    const fault = await faultOf(page, lab);
    if (fault) faults.push(fault);
  }
  return faults;
}

/** What is wrong with the ring of the control that has the focus, or null. */
async function faultOf(page: Page, lab: Page, share = SHARE): Promise<string | null> {
  await settled(page);
  const at = await focused(page);
  if (!at) return 'nothing has the focus';
  const { x, y, width, height } = at.box;
  const clip = {
    x: Math.max(0, x - ROOM),
    y: Math.max(0, y - ROOM),
    width: width + 2 * ROOM,
    height: height + 2 * ROOM,
  };
  const withFocus = await page.screenshot({ clip, animations: 'disabled' });
  await page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    element.blur();
    (window as unknown as { last: HTMLElement }).last = element;
  });
  await settled(page);
  const without = await page.screenshot({ clip, animations: 'disabled' });
  await page.evaluate(() =>
    (window as unknown as { last: HTMLElement }).last.focus({
      focusVisible: true,
    } as FocusOptions),
  );
  const changed = await countChanged(lab, without, withFocus);
  const wanted = 2 * (width + height) * share;
  return changed < wanted ? `${at.name}: ${changed} of ${Math.round(wanted)} pixels` : null;
}

async function laboratory(context: BrowserContext): Promise<Page> {
  const lab = await context.newPage();
  await lab.goto('about:blank');
  return lab;
}

test('the focus can be seen on every kind of control, in both themes', async ({
  page,
  request,
  context,
}) => {
  test.setTimeout(180_000);
  const account = await newAccount(request);
  const id = await newPipeline(request, account, 'Focus');
  await logIn(page, account.email);
  const lab = await laboratory(context);
  await page.bringToFront();
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    const seen = new Set<string>();
    for (const address of [...PAGES, `/pipelines/${id}`]) {
      await page.goto(address);
      await page.waitForLoadState('networkidle');
      expect.soft(await invisible(page, lab, seen), `${theme}, ${address}`).toEqual([]);
    }
    expect(seen.size, 'so many kinds of control were looked at').toBeGreaterThan(8);
  }
});

test('the focus can be seen on a slider and on the list of shortcuts', async ({
  page,
  request,
  context,
}) => {
  const account = await newAccount(request);
  const scanner = await newScanner(request, account, 'Apple', ['AAPL']);
  const id = await newSubscriber(request, account, 'Slides', scanner, 70);
  await logIn(page, account.email);
  const lab = await laboratory(context);
  await page.bringToFront();
  await page.goto(`/pipelines/${id}`);
  await page.getByRole('button', { name: 'On signals' }).click();
  // The list beside the slider may still arrive and move it between the two pictures.
  const look = (what: string) =>
    expect.soft.poll(() => faultOf(page, lab), { message: what }).toBeNull();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.locator('mat-slider input').focus();
    await page.keyboard.press('ArrowRight');
    await look(`slider, ${colorScheme}`);
    await page.getByRole('button', { name: 'Fit to the window' }).focus();
    await page.keyboard.press('?');
    await page.locator('mat-dialog-content').focus();
    await look(`shortcuts, ${colorScheme}`);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
  }
});

test('the ring of a tab is drawn whole, though its row cuts off what stands out', async ({
  page,
  request,
  context,
}) => {
  const account = await newAccount(request);
  const id = await newPipeline(request, account, 'Tabs');
  await logIn(page, account.email);
  const lab = await laboratory(context);
  await page.bringToFront();
  await page.goto(`/pipelines/${id}`);
  await page.locator('k-node-card').first().click();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.getByRole('tab', { name: 'Settings' }).focus();
    await page.keyboard.press('ArrowRight');
    await expect(page.getByRole('tab', { name: 'Input' })).toBeFocused();
    expect.soft(await faultOf(page, lab, WHOLE), colorScheme).toBeNull();
  }
});
