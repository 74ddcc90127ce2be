import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Locator, type Page } from '@playwright/test';
import { settled } from './support/app';

/** What the editor's tests share: a fresh user, a pipeline made through the API, and mouse gestures. */

const PASSWORD = 'correct-horse-battery';

export interface Point {
  x: number;
  y: number;
}

interface NodeSpec {
  id: string;
  agent_type: string;
  position: Point;
  config?: Record<string, unknown>;
  name?: string;
}

export interface GraphSpec {
  nodes: NodeSpec[];
  edges: { from: string; to: string; from_port?: string }[];
}

export function node(id: string, agentType: string, x: number, y = 0): NodeSpec {
  return { id, agent_type: agentType, position: { x, y }, config: {} };
}

/** Opens the editor on the last day of the sample: there each run ends as the one before. */
export const ON_SAMPLE = '?symbol=AAPL&as_of=2013-03-01T21:00:00Z';

/** One person with an account of their own, and the editor open in their browser. */
export class Editor {
  private token = '';

  constructor(readonly page: Page) {}

  static async open(
    page: Page,
    graph: GraphSpec | { template: string },
    query = '',
  ): Promise<Editor> {
    const editor = new Editor(page);
    await editor.signUp();
    const id = await editor.createPipeline(graph);
    await editor.visit(id, query);
    return editor;
  }

  async signUp(): Promise<void> {
    const email = `editor-${crypto.randomUUID()}@example.com`;
    const credentials = { data: { email, password: PASSWORD } };
    const registered = await this.page.request.post('/api/v1/auth/register', credentials);
    expect(registered.status()).toBe(201);
    const login = await this.page.request.post('/api/v1/auth/login', credentials);
    this.token = ((await login.json()) as { access_token: string }).access_token;
    await this.page.addInitScript(() => localStorage.setItem('kuber.session', '1'));
  }

  async createPipeline(graph: GraphSpec | { template: string }): Promise<string> {
    const body = 'template' in graph ? graph : { graph };
    const answer = await this.page.request.post('/api/v1/pipelines', {
      headers: this.headers,
      data: { name: 'Test pipeline', ...body },
    });
    expect(answer.status()).toBe(201);
    return ((await answer.json()) as { id: string }).id;
  }

  async stored(id = this.id): Promise<{ revision: number; name: string; graph: GraphSpec }> {
    const answer = await this.page.request.get(`/api/v1/pipelines/${id}`, {
      headers: this.headers,
    });
    return (await answer.json()) as { revision: number; name: string; graph: GraphSpec };
  }

  async visit(id: string, query = ''): Promise<void> {
    await this.page.goto(`/pipelines/${id}${query}`);
    await expect(this.page.locator('f-flow.ready, .empty').first()).toBeVisible();
    await expect(this.agent('manual_trigger')).toBeVisible();
  }

  /** Brings the whole pipeline into view: it is opened at its start, large enough to read. */
  async whole(): Promise<void> {
    await this.page.getByRole('button', { name: 'Fit to the window' }).click();
  }

  get id(): string {
    return new URL(this.page.url()).pathname.split('/').pop() ?? '';
  }

  get nodes(): Locator {
    return this.page.locator('k-node-card');
  }

  get edges(): Locator {
    return this.page.locator('f-connection');
  }

  get run(): Locator {
    return this.page.getByRole('button', { name: 'Run', exact: true });
  }

  card(id: string): Locator {
    return this.page.locator(`k-node-card[data-f-node-id="${id}"]`);
  }

  agent(type: string): Locator {
    return this.page.locator(`[data-agent="${type}"]`);
  }

  out(id: string, port = 'out'): Locator {
    return this.page.locator(`[data-f-connector-id="${id}::out::${port}"]`);
  }

  in(id: string): Locator {
    return this.page.locator(`[data-f-connector-id="${id}::in"]`);
  }

  async counts(nodes: number, edges: number): Promise<void> {
    await expect(this.nodes).toHaveCount(nodes);
    await expect(this.edges).toHaveCount(edges);
  }

  async saved(): Promise<void> {
    await expect(this.page.locator('k-save-state')).toHaveAttribute('data-state', 'saved');
  }

  /** Drags from the middle of one thing to another, in steps as a hand would. */
  async drag(from: Locator | Point, to: Locator | Point): Promise<void> {
    const [a, b] = [await middle(from), await middle(to)];
    const { mouse } = this.page;
    await mouse.move(a.x, a.y);
    await mouse.down();
    for (let i = 1; i <= 12; i++)
      await mouse.move(a.x + ((b.x - a.x) * i) / 12, a.y + ((b.y - a.y) * i) / 12);
    await mouse.up();
    await settled(this.page);
  }

  /** A point of the canvas with nothing on it, as a fraction of its size. */
  async spot(across: number, down: number): Promise<Point> {
    const box = await this.page.locator('f-flow').boundingBox();
    if (!box) throw new Error('The canvas is not on the page.');
    return { x: box.x + box.width * across, y: box.y + box.height * down };
  }

  async shot(name: string): Promise<void> {
    await settled(this.page);
    await this.page.screenshot({ path: `e2e/shots/editor-${name}.png` });
  }

  /** Accessibility violations, as readable lines; none is what is wanted. */
  async violations(): Promise<string[]> {
    // The tooltip of what was clicked last, half faded out, has too little contrast.
    await this.page.mouse.move(0, 0);
    await settled(this.page);
    const { violations } = await new AxeBuilder({ page: this.page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
      .analyze();
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(' | ')}`,
    );
  }

  private get headers(): Record<string, string> {
    return { Authorization: `Bearer ${this.token}` };
  }
}

async function middle(target: Locator | Point): Promise<Point> {
  if ('x' in target) return target;
  const box = await target.boundingBox();
  if (!box) throw new Error('Nothing to drag there.');
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** Trigger, data, strategy, risk, trade: ready to run. */
export function tradingPipeline(): GraphSpec {
  const chain = ['trigger', 'data', 'strategy', 'risk', 'trade'];
  const types = ['manual_trigger', 'market_data', 'strategy', 'risk_manager', 'trade_manager'];
  return {
    nodes: chain.map((id, i) => node(id, types[i] ?? '', i * 300)),
    edges: chain.slice(1).map((to, i) => ({ from: chain[i] ?? '', to })),
  };
}

/** The same nodes without the edges. */
export function loosePipeline(): GraphSpec {
  return { ...tradingPipeline(), edges: [] };
}
