import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import type { OrderOut } from '@core/api';
import { OrderTable } from './order-table';

const FILL = {
  venue_execution_id: 'f',
  time: '2026-11-21T12:00:00Z',
  quantity: '40',
  price: '150.5',
  commission: '1',
};
const FILLED: OrderOut = {
  id: 'o',
  account_id: 'a',
  execution_id: 'run-1',
  pipeline_id: 'p',
  pipeline_name: 'Swing',
  pipeline_deleted: false,
  mode: 'paper',
  symbol: 'AAPL',
  side: 'buy',
  quantity: '42.000',
  reference_price: '150',
  status: 'filled',
  reason: '',
  estimated: false,
  filled_quantity: '42.000',
  average_fill_price: '150.5',
  commission: '1',
  as_of: null,
  created_at: '2026-11-21T12:00:00Z',
  answered_at: null,
  fills: [FILL],
};

describe('an order in the list', () => {
  async function row(change: Partial<OrderOut> = {}) {
    TestBed.resetTestingModule();
    TestBed.configureTestingModule({ providers: [provideRouter([])] });
    const fixture = TestBed.createComponent(OrderTable);
    fixture.componentRef.setInput('items', [{ ...FILLED, ...change }]);
    await fixture.whenStable();
    return (fixture.nativeElement as HTMLElement).querySelector<HTMLTableRowElement>('tbody tr')!;
  }
  const state = async (change: Partial<OrderOut>) =>
    (await row(change)).querySelector('.state')!.textContent;

  it('says that its fill is estimated', async () => {
    expect(await state({ estimated: true })).toBe('Filled, estimated');
    expect(await state({ estimated: true, status: 'rejected', fills: [] })).toBe('Rejected');
  });

  it('leads to its run, if it has one', async () => {
    const link = (await row()).querySelector('a')!;
    expect([link.textContent, link.getAttribute('href')]).toEqual(['Buy 42', '/runs/run-1']);
    const alone = await row({ execution_id: null, side: 'sell' });
    expect(alone.querySelector('a[href^="/runs"]')).toBeNull();
    expect(alone.querySelector('a')?.getAttribute('href')).toBe('/symbols/AAPL');
    expect(alone.cells[0]!.textContent).toMatch(/^\s*Sell 42\s+AAPL/);
  });

  it('says what became of the rest when only a part was filled', async () => {
    expect(await state({ status: 'cancelled' })).toBe('Filled in part, the rest cancelled');
    expect(await state({ status: 'cancelled', fills: [] })).toBe('Cancelled');
    expect(await state({ status: 'expired' })).toBe('Filled in part, the rest expired');
    expect(await state({ status: 'expired', fills: [] })).toBe('Expired');
  });

  it('tells an order that is not known from one that was not sent', async () => {
    expect(await state({ status: 'intended', fills: [] })).toBe('No answer yet');
    expect(await state({ status: 'validated', fills: [] })).toBe('Not sent: validation only');
  });

  it('has no price while nothing is filled', async () => {
    const { cells } = await row({ filled_quantity: '0', average_fill_price: null, fills: [] });
    expect([cells[2]!.textContent, cells[3]!.textContent]).toEqual(['0', '–']);
    expect(cells[0]!.textContent).not.toContain('commission');
  });

  it('names its pipeline, also when that was deleted', async () => {
    const pipeline = async (change: Partial<OrderOut>) =>
      (await row(change)).querySelector('.pipeline')!.textContent.trim();
    expect(await pipeline({})).toBe('Swing');
    expect(await pipeline({ pipeline_deleted: true })).toMatch(/^Swing\s+deleted$/);
    expect(await pipeline({ pipeline_name: null, pipeline_deleted: true })).toBe('–');
  });
});
