import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { settled } from './app';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** It takes the names of icons for text. */
const EXPERIMENTAL = ['label-content-name-mismatch'];
const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 390, height: 844 },
];
const THEMES = ['light', 'dark'] as const;

async function violations(page: Page): Promise<string[]> {
  const { violations: found } = await new AxeBuilder({ page })
    .withTags(TAGS)
    .disableRules(EXPERIMENTAL)
    .analyze();
  return found.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.target).join(' | ')}`);
}

/**
 * Takes pictures of the page as it stands, in both themes and at all sizes, and checks it. `open`
 * brings back what another size has closed.
 */
export async function check(
  page: Page,
  name: string,
  open: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme });
    await expect(page.locator('html')).toHaveClass(theme);
    for (const size of SIZES) {
      await page.setViewportSize(size);
      await open();
      await settled(page);
      await page.screenshot({ path: `e2e/shots/${name}-${theme}-${size.width}.png` });
    }
    await page.setViewportSize(SIZES[0]!);
    await open();
    // The pointer rests on what was clicked last: its tooltip, half faded in, has too little contrast.
    await page.mouse.move(0, 0);
    await settled(page);
    expect.soft(await violations(page), `${name}, ${theme}`).toEqual([]);
  }
}
