import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import type { OrderOut } from '@core/api';
import { asked, provideFakeApi, queryOf, settled } from '@core/http/testing';
import { told } from '@core/runs/testing';
import type { RunEventHandler } from '@core/socket/run-event';
import { RunEvents } from '@core/socket/run-events';
import { StatementPage } from './statement-page';

const order = (change: Partial<OrderOut> = {}): OrderOut => ({
  id: 'o-1',
  account_id: 'a-1',
  execution_id: 'run-1',
  pipeline_id: 'p-1',
  pipeline_name: 'Swing',
  pipeline_deleted: false,
  mode: 'simulation',
  symbol: 'AAPL',
  side: 'buy',
  quantity: '137',
  reference_price: '122.95',
  status: 'filled',
  reason: '',
  estimated: false,
  filled_quantity: '137',
  average_fill_price: '123.07',
  commission: '0.68',
  as_of: '2009-05-14T21:00:00Z',
  created_at: '2026-11-21T12:00:00Z',
  answered_at: '2026-11-21T12:00:01Z',
  fills: [],
  ...change,
});

let tell: RunEventHandler = () => undefined;
const runEvents = {
  watchAll: (handler: RunEventHandler) => {
    tell = handler;
    return () => undefined;
  },
};

async function open(orders: OrderOut[], costs: object[], total: string) {
  TestBed.configureTestingModule({
    providers: [provideFakeApi(), provideRouter([]), { provide: RunEvents, useValue: runEvents }],
  });
  const fixture = TestBed.createComponent(StatementPage);
  fixture.detectChanges();
  const bill = await asked('GET', '/costs');
  expect(queryOf(bill).get('group_by')).toBe('pipeline');
  bill.flush({ items: costs, total, next_cursor: null });
  (await asked('GET', '/orders')).flush({
    items: orders,
    next_cursor: null,
    totals: { orders: 120, filled: 97, commissions: [{ currency: 'USD', amount: '61.5' }] },
  });
  await settled(fixture);
  const page = fixture.nativeElement as HTMLElement;
  const rows = (label: string) =>
    [...page.querySelectorAll(`table[aria-label="${label}"] tbody tr`)].map((row) =>
      row.textContent.replaceAll(/\s+/g, ' ').trim(),
    );
  return { fixture, page, rows };
}

describe('the statement', () => {
  it('names the pipeline of an order and of a cost, also when it was deleted', async () => {
    const gone = order({ id: 'o-2', pipeline_name: 'Gone', pipeline_deleted: true });
    const cost = { key: 'p-2', name: 'Gone', amount: '0.25', runs: 3, input_tokens: 0 };
    const { page, rows } = await open([gone, order()], [{ ...cost, output_tokens: 1200 }], '0.25');
    const [first, second] = rows('Orders');
    expect(first).toContain('Buy 137 AAPL');
    expect(first).toContain('Gone deleted');
    expect(second).toContain('Swing');
    expect(second).not.toContain('deleted');
    expect(rows('Costs by pipeline')[0]).toContain('Gone');
    expect(page.querySelector('tfoot')?.textContent).toContain('0.25');
  });

  it('says on top what all orders and runs came to, and of each its commission and as-of', async () => {
    const cost = { key: 'p-1', name: 'Swing', amount: '0.25', runs: 1, input_tokens: 0 };
    const { page, rows } = await open([order()], [{ ...cost, output_tokens: 0 }], '0.25');
    const sums = [...page.querySelectorAll('dl dd')].map((one) =>
      one.textContent.replaceAll(/\s+/g, ' ').trim(),
    );
    expect(sums).toEqual([
      '120 97 filled',
      '$61.50',
      expect.stringMatching(/^\$0\.25 ?by pipeline$/),
    ]);
    expect(page.querySelector('dl')?.compareDocumentPosition(page.querySelector('table')!)).toBe(
      Node.DOCUMENT_POSITION_FOLLOWING,
    );
    expect(rows('Orders')[0]).toContain('$0.68');
    expect(rows('Orders')[0]).toContain('14 May 2009');
  });

  it('takes up what a run ordered and cost once it has ended', async () => {
    const { fixture, rows } = await open([order()], [], '0');
    tell(told.finished(9));
    const cost = { key: 'p-1', name: 'Swing', amount: '0.25', runs: 1, input_tokens: 0 };
    (await asked('GET', '/orders')).flush({
      items: [order({ id: 'o-2', symbol: 'NVDA' }), order()],
      next_cursor: null,
      totals: { orders: 2, filled: 2, commissions: [] },
    });
    (await asked('GET', '/costs')).flush({
      items: [{ ...cost, output_tokens: 0 }],
      total: '0.25',
      next_cursor: null,
    });
    await settled(fixture);
    expect(rows('Orders')[0]).toContain('Buy 137 NVDA');
    expect(rows('Costs by pipeline')).toHaveLength(1);
  });

  it('leads to the run of an order while there is one', async () => {
    const { page } = await open([order(), order({ id: 'o-2', execution_id: null })], [], '0');
    const links = [...page.querySelectorAll('table[aria-label="Orders"] a[href^="/runs"]')];
    expect(links.map((link) => link.getAttribute('href'))).toEqual(['/runs/run-1']);
  });

  it('says in plain words where each order stands', async () => {
    const fill = {
      venue_execution_id: 'e-1',
      time: '2026-11-21T12:00:01Z',
      quantity: '60',
      price: '123.07',
      commission: '0',
    };
    const states: readonly [OrderOut['status'], OrderOut['fills'], string][] = [
      ['intended', [], 'No answer yet'],
      ['submitted', [], 'Sent to the venue'],
      ['working', [], 'Open at the venue'],
      ['partially_filled', [fill], 'Filled in part, the rest is open'],
      ['filled', [fill], 'Filled'],
      ['cancelled', [], 'Cancelled'],
      ['cancelled', [fill], 'Filled in part, the rest cancelled'],
      ['rejected', [], 'Rejected'],
      ['expired', [], 'Expired'],
      ['expired', [fill], 'Filled in part, the rest expired'],
      ['validated', [], 'Not sent: validation only'],
    ];
    const orders = states.map(([status, fills], index) =>
      order({ id: `o-${index}`, status, fills }),
    );
    const { page } = await open(orders, [], '0');
    const cells = [...page.querySelectorAll('table[aria-label="Orders"] tbody td:nth-child(2)')];
    expect(cells.map((cell) => cell.textContent.trim())).toEqual(
      states.map(([, , words]) => words),
    );
  });

  it('says that nothing was ordered, and that nothing has cost anything', async () => {
    const { page, rows } = await open([], [], '0');
    expect(page.textContent).toContain('Nothing was ordered yet');
    expect(page.textContent).toContain('Nothing has cost anything yet. Runs by rules are free.');
    expect(page.querySelector('table[aria-label="Costs by pipeline"]')).toBeNull();
    expect(page.querySelector('.jump')).toBeNull();
    expect(rows('Costs by pipeline')).toEqual([]);
  });
});
