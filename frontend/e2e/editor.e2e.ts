import { expect, test } from '@playwright/test';
import { Editor, loosePipeline, node, ON_SAMPLE, tradingPipeline } from './editor-kit';

test.describe('the editor by mouse', () => {
  test('drags an agent from the palette onto the canvas', async ({ page }) => {
    const editor = await Editor.open(page, { nodes: [], edges: [] });
    await editor.shot('empty');
    await editor.drag(editor.agent('manual_trigger'), await editor.spot(0.3, 0.4));
    await editor.counts(1, 0);
    await expect(page.getByText('A pipeline starts with a trigger')).toBeHidden();
    const [box, spot] = [await editor.nodes.first().boundingBox(), await editor.spot(0.3, 0.4)];
    expect(Math.abs((box?.x ?? 0) + (box?.width ?? 0) / 2 - spot.x)).toBeLessThan(150);
    await editor.saved();
    expect((await editor.stored()).graph.nodes).toHaveLength(1);
  });

  test('puts an agent that is dropped on an edge between its ends', async ({ page }) => {
    const editor = await Editor.open(page, {
      nodes: tradingPipeline().nodes.slice(0, 2),
      edges: [{ from: 'trigger', to: 'data' }],
    });
    const [a, b] = [
      await editor.out('trigger').boundingBox(),
      await editor.in('data').boundingBox(),
    ];
    const centre = { x: ((a?.x ?? 0) + (b?.x ?? 0)) / 2 + 6, y: (a?.y ?? 0) + 6 };
    await editor.drag(editor.agent('condition'), centre);
    await editor.counts(3, 2);
    await page.keyboard.press('Control+z');
    await editor.counts(2, 1);
  });

  test('connects two nodes, and takes it back and forth', async ({ page }) => {
    const editor = await Editor.open(page, loosePipeline());
    await editor.drag(editor.out('trigger'), editor.in('data'));
    await editor.counts(5, 1);
    await page.keyboard.press('Control+z');
    await editor.counts(5, 0);
    await page.keyboard.press('Control+y');
    await editor.counts(5, 1);
    await editor.saved();
    expect((await editor.stored()).graph.edges).toHaveLength(1);
  });

  test('connects by dropping anywhere on a card', async ({ page }) => {
    const editor = await Editor.open(page, loosePipeline());
    await editor.drag(editor.out('data'), editor.card('strategy'));
    await editor.counts(5, 1);
  });

  test('says why a connection is refused, where it was dropped', async ({ page }) => {
    const editor = await Editor.open(page, tradingPipeline());
    await editor.whole();
    await editor.drag(editor.out('trade'), editor.card('data'));
    await expect(page.getByRole('alert').filter({ hasText: 'would make a loop' })).toBeVisible();
    await editor.drag(editor.out('data'), editor.card('trigger'));
    await expect(page.getByRole('alert').filter({ hasText: 'takes no input' })).toBeVisible();
    await editor.counts(5, 4);
  });

  test('offers what fits when an edge is dropped on nothing', async ({ page }) => {
    const editor = await Editor.open(page, {
      nodes: tradingPipeline().nodes.slice(0, 1),
      edges: [],
    });
    await editor.drag(editor.out('trigger'), await editor.spot(0.75, 0.3));
    const list = page.getByRole('dialog', { name: 'Add an agent' });
    await expect(list.getByRole('option').first()).toContainText('Market data');
    await list.getByRole('option').first().click();
    await editor.counts(2, 1);
  });

  test('moves a node, and undo brings it back', async ({ page }) => {
    const editor = await Editor.open(page, tradingPipeline());
    const before = await editor.card('strategy').boundingBox();
    await editor.drag(editor.card('strategy').locator('.text'), {
      x: (before?.x ?? 0) + 100,
      y: (before?.y ?? 0) + 190,
    });
    const after = await editor.card('strategy').boundingBox();
    expect((after?.y ?? 0) - (before?.y ?? 0)).toBeGreaterThan(100);
    await page.keyboard.press('Control+z');
    await expect
      .poll(async () => (await editor.card('strategy').boundingBox())?.y)
      .toBeCloseTo(before?.y ?? 0, 0);
  });

  test('copies, pastes, duplicates and deletes a box selection', async ({ page }) => {
    const editor = await Editor.open(page, tradingPipeline());
    await editor.whole();
    await page.keyboard.down('Shift');
    await editor.drag(await editor.spot(0.01, 0.15), await editor.spot(0.985, 0.85));
    await page.keyboard.up('Shift');
    await expect(page.locator('k-node-card.picked')).toHaveCount(5);
    await page.keyboard.press('Control+c');
    await page.keyboard.press('Control+v');
    await editor.counts(10, 8);
    await page.keyboard.press('Control+d');
    await editor.counts(15, 12);
    await page.keyboard.press('Delete');
    await editor.counts(10, 8);
    await page.keyboard.press('Control+z');
    await editor.counts(15, 12);
  });

  test('lays the graph out and keeps what is pinned', async ({ page }) => {
    const graph = tradingPipeline();
    graph.nodes.forEach((item, i) => (item.position = { x: (i % 2) * 20, y: i * 100 }));
    const editor = await Editor.open(page, graph);
    await editor.card('trigger').click();
    await page.getByRole('button', { name: 'Pin for auto-layout' }).click();
    await page.getByRole('button', { name: 'Auto-layout', exact: true }).click();
    await editor.saved();
    const { nodes } = (await editor.stored()).graph;
    const xs = nodes.slice(1).map((item) => item.position.x);
    expect(xs).toEqual([...xs].sort((a, b) => a - b));
    expect(nodes[0]?.position).toEqual({ x: 0, y: 0 });
  });
});

test.describe('the editor by keyboard', () => {
  test('builds, connects, moves and deletes without a mouse', async ({ page }) => {
    const editor = await Editor.open(page, { nodes: [], edges: [] });
    await page.getByRole('button', { name: 'Choose a trigger' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type('start');
    await page.keyboard.press('Enter');
    await editor.counts(1, 0);
    await expect(editor.nodes.first()).toBeFocused();
    await expect(editor.nodes.first()).toHaveAttribute('aria-label', /Start, trigger/);

    await page.keyboard.press('Tab');
    await expect(page.getByRole('combobox', { name: 'Add an agent' })).toBeFocused();
    await page.keyboard.press('Enter');
    await editor.counts(2, 1);
    await page.keyboard.press('Tab');
    await page.keyboard.type('strategy');
    await page.keyboard.press('Enter');
    await editor.counts(3, 2);

    await page.keyboard.press('Control+ArrowLeft');
    await page.keyboard.press('Control+ArrowLeft');
    await expect(page.locator('k-node-card.picked')).toHaveAttribute('aria-label', /Start/);
    await page.keyboard.press('c');
    await expect(page.getByRole('combobox', { name: 'Connect to' })).toBeFocused();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await editor.counts(3, 3);

    const before = await editor.nodes.first().boundingBox();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    const moved = page.locator('k-node-card.picked');
    await expect.poll(async () => (await moved.boundingBox())?.y).toBeGreaterThan(before?.y ?? 0);
    await page.keyboard.press('Delete');
    await editor.counts(2, 1);
    await page.keyboard.press('Control+z');
    await editor.counts(3, 3);
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog')).toContainText('Keyboard shortcuts');
    await page.keyboard.press('Escape');
  });

  test('goes to the first setting with Enter, where no key can rename the node', async ({
    page,
  }) => {
    const editor = await Editor.open(page, tradingPipeline());
    await editor.card('risk').focus();
    await page.keyboard.press('Enter');
    await expect(page.locator('k-schema-form :focus')).toBeVisible();
    await page.keyboard.press('?');
    await expect(page.getByRole('textbox', { name: 'Name of this node' })).toHaveValue(
      'Risk manager',
    );
    await editor.card('trigger').focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('tab', { name: 'Settings' })).toBeFocused();
  });

  test('renames with F2; Enter keeps the name, Escape brings the old one back', async ({
    page,
  }) => {
    const editor = await Editor.open(page, tradingPipeline());
    const name = page.getByRole('textbox', { name: 'Name of this node' });
    await editor.card('data').focus();
    // What is typed right after the key belongs to the name, as on a keyboard.
    await page.keyboard.press('F2');
    await page.keyboard.type('Prices');
    await expect(name).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(editor.card('data')).toContainText('Prices');
    await expect(editor.card('data')).toBeFocused();
    await page.keyboard.press('F2');
    await page.keyboard.type('Something else');
    await page.keyboard.press('Escape');
    await expect(name).toHaveValue('Prices');
    await expect(editor.card('data')).toBeFocused();
    await editor.saved();
    expect((await editor.stored()).graph.nodes.find(({ id }) => id === 'data')?.name).toBe(
      'Prices',
    );
  });
});

test.describe('edges', () => {
  test('run around cards that are not their ends', async ({ page }) => {
    const row = ['trigger', 'data', 'bias', 'report'];
    const types = ['manual_trigger', 'market_data', 'bias', 'report'];
    const editor = await Editor.open(page, {
      nodes: row.map((id, i) => node(id, types[i] ?? '', i * 300)),
      edges: [
        { from: 'trigger', to: 'data' },
        { from: 'data', to: 'bias' },
        { from: 'data', to: 'report' },
      ],
    });
    await expect(editor.edges).toHaveCount(3);
    const covered = () =>
      page.evaluate(() => {
        const card = document.querySelector('k-node-card[data-f-node-id="bias"]')!;
        const box = card.getBoundingClientRect();
        const paths = [
          ...document.querySelectorAll<SVGPathElement>('f-connection .f-connection-path'),
        ];
        return paths.map((path) => {
          const matrix = path.getScreenCTM()!;
          const length = path.getTotalLength();
          return Array.from({ length: 200 }, (_, i) =>
            path.getPointAtLength((length * i) / 199).matrixTransform(matrix),
          ).filter(
            ({ x, y }) => x > box.left + 8 && x < box.right - 8 && y > box.top && y < box.bottom,
          ).length;
        });
      });
    await expect.poll(covered).toEqual([0, 0, 0]);
    await editor.shot('detour');
  });
});

test.describe('settings', () => {
  test('shows a fault as one types, keeps it, and says how many problems there are', async ({
    page,
  }) => {
    const editor = await Editor.open(page, tradingPipeline());
    await expect(editor.run).toBeVisible();
    await editor.card('risk').click();
    const number = page.locator('k-schema-form input[inputmode=decimal]');
    const good = await number.first().inputValue();
    const y = (await number.first().boundingBox())?.y;
    await number.first().fill('-5');
    await expect(page.locator('k-schema-form [role=alert]')).toHaveText('Must be more than 0.');
    await expect(page.getByRole('button', { name: '1 problem' })).toBeVisible();
    await expect(page.getByRole('tab', { name: /Settings 1/ })).toBeVisible();
    expect((await number.first().boundingBox())?.y, 'the field stays in its place').toBe(y);
    await expect(editor.card('risk').locator('.problem')).toBeVisible();
    await editor.shot('problem');
    await editor.saved();
    await number.first().fill(good);
    await expect(editor.run).toBeVisible();
    await expect(editor.card('risk').locator('.problem')).toBeHidden();
  });

  test('steps through the problems instead of running', async ({ page }) => {
    const editor = await Editor.open(page, loosePipeline());
    const button = page.getByRole('button', { name: /^\d+ problems$/ });
    const visited = new Set<string | null>();
    await expect(async () => {
      await button.click();
      const shown = page.locator('k-node-card.picked');
      visited.add(await shown.getAttribute('data-f-node-id'));
      expect(visited.size).toBe(4);
    }).toPass({ intervals: [80] });
    await editor.shot('problems');
  });
});

test.describe('what a card says', () => {
  test('is readable when it is opened, and lies on no other card', async ({ page }) => {
    const editor = await Editor.open(page, { template: 'golden-cross' });
    const card = editor.agent('bias').first();
    await card.hover();
    const [sizes, over] = await page.evaluate(() => {
      const cards = [...document.querySelectorAll<HTMLElement>('k-node-card')];
      const boxes = cards.map((it) => it.getBoundingClientRect());
      const scale = boxes[0]!.width / cards[0]!.offsetWidth;
      const words = '.name, .summary, .port-label';
      const px = (it: Element) => parseFloat(getComputedStyle(it).fontSize) * scale;
      const parts = cards.flatMap((it) => [...it.querySelectorAll('.port-label, .next')]);
      const crosses = (a: DOMRect, b: DOMRect) =>
        a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
      const over = parts.filter((part) =>
        cards.some(
          (it, n) => !it.contains(part) && crosses(part.getBoundingClientRect(), boxes[n]!),
        ),
      );
      return [[...document.querySelectorAll(`k-node-card :is(${words})`)].map(px), over.length];
    });
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(10.99);
    expect(over).toBe(0);
  });
});

test.describe('for everyone', () => {
  for (const scheme of ['light', 'dark'] as const) {
    test(`has no accessibility violation in the ${scheme} theme`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      const editor = await Editor.open(page, { template: 'multi-timeframe-trend' }, ON_SAMPLE);
      expect(await editor.violations()).toEqual([]);
      await editor.nodes.nth(2).click();
      await expect(page.locator('k-schema-form')).toBeVisible();
      expect(await editor.violations()).toEqual([]);
      await page.keyboard.press('Tab');
      await expect(page.getByRole('dialog', { name: 'Add an agent' })).toBeVisible();
      expect(await editor.violations()).toEqual([]);
      await page.keyboard.press('Escape');
      await editor.run.click();
      await expect(page.locator('.result')).toBeVisible({ timeout: 30_000 });
      expect(await editor.violations()).toEqual([]);
      await editor.shot(`full-${scheme}`);
    });
  }

  for (const [width, height] of [
    [1024, 768],
    [390, 844],
  ] as const) {
    test(`can be looked at, set up and run at ${width} px`, async ({ page }) => {
      test.setTimeout(120_000);
      await page.setViewportSize({ width, height });
      const editor = new Editor(page);
      await editor.signUp();
      const id = await editor.createPipeline(tradingPipeline());
      await page.goto(`/pipelines/${id}${ON_SAMPLE}`);
      await expect(page.locator('f-flow.ready')).toBeVisible();
      await editor.shot(`narrow-${width}`);
      await page.getByRole('button', { name: 'Agents' }).click();
      await expect(page.getByRole('button', { name: 'Market data' })).toBeVisible();
      await page.mouse.click(width - 20, 300);
      await page.getByRole('button', { name: 'Fit to the window' }).click();
      const card = editor.card('strategy');
      await (width < 700 ? card.click() : card.dblclick());
      await expect(page.locator('k-schema-form')).toBeVisible();
      await editor.shot(`narrow-settings-${width}`);
      await page.getByRole('button', { name: 'Close the inspector' }).click();
      expect(await editor.violations()).toEqual([]);
      await editor.run.click();
      await expect(page.locator('.result')).toBeVisible({ timeout: 30_000 });
      await editor.shot(`narrow-after-run-${width}`);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      expect(wider).toBe(false);
    });
  }
});
