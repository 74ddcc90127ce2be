import { TestBed } from '@angular/core/testing';
import type { TradeOut } from '@core/api';
import { TradeTable } from './trade-table';

const BOUGHT: TradeOut = {
  action: 'buy',
  symbol: 'AAPL',
  quantity: '42',
  entry_price: '150.5',
  stop_loss: '148',
  targets: ['155', '160.25'],
  fills: [
    { time: '2026-11-21T12:00:00Z', quantity: '40.0', price: '150.5', commission: '1' },
    { time: '2026-11-21T12:00:01Z', quantity: '2.0', price: '150.51', commission: '0' },
  ],
  status: 'filled',
  reason: '',
};

describe('the table of a trade', () => {
  async function shown(change: Partial<TradeOut> = {}) {
    TestBed.resetTestingModule();
    const fixture = TestBed.createComponent(TradeTable);
    fixture.componentRef.setInput('trade', { ...BOUGHT, ...change });
    await fixture.whenStable();
    const page = fixture.nativeElement as HTMLElement;
    const facts = Object.fromEntries(
      [...page.querySelectorAll('dl div')].map((it) => [
        it.querySelector('dt')!.textContent,
        it.querySelector('dd')!.textContent,
      ]),
    );
    const rows = [...page.querySelectorAll('tbody tr')].map((row) =>
      [...row.querySelectorAll('td')].slice(1).map((cell) => cell.textContent),
    );
    return { page, facts, rows };
  }

  it('says of an estimated entry how it is reckoned', async () => {
    expect((await shown()).facts['Entry']).toBe('150.50');
    const bought = await shown({ estimated: true });
    expect(bought.facts['Entry']).toBe('150.50 (estimated: last price plus slippage)');
    const sold = await shown({ estimated: true, action: 'sell' });
    expect(sold.facts['Entry']).toBe('150.50 (estimated: last price less slippage)');
    const nothing = await shown({ estimated: true, fills: [], status: 'rejected' });
    expect(nothing.facts['Entry']).toBe('150.50');
  });

  it('says what was done at which prices', async () => {
    const { facts } = await shown();
    expect(facts).toEqual({
      State: 'Filled',
      Side: 'Buy',
      Entry: '150.50',
      Stop: '148.00',
      Targets: '155.00, 160.25',
    });
  });

  it('has a row for each fill', async () => {
    const { rows } = await shown();
    expect(rows).toEqual([
      ['40', '150.50', '$1.00'],
      ['2', '150.51', '$0.00'],
    ]);
  });

  it('says why nothing was filled, and shows no table of fills', async () => {
    const refused = { status: 'rejected', reason: 'Not enough money.', fills: [] } as const;
    const { page, facts } = await shown({ ...refused, fills: [], action: 'sell', targets: [] });
    expect(facts).toMatchObject({
      State: 'Rejected',
      Side: 'Sell',
      Targets: '–',
      Reason: 'Not enough money.',
    });
    expect(page.querySelector('table')).toBeNull();
  });
});
