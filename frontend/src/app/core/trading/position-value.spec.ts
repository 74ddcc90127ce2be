import { proceedsOf, proceedsOfAll, valueOf } from './position-value';
import { position } from './testing';

describe('what a position is worth', () => {
  it('is what the server says while no newer price is known', () => {
    expect(valueOf(position(), null)).toEqual({ price: 151.5, profit: 42, r: 0.4 });
    expect(valueOf(position(), '151.50')).toEqual({ price: 151.5, profit: 42, r: 0.4 });
  });

  it('follows a newer price, and R with it', () => {
    const { price, profit, r } = valueOf(position(), '153.50');
    expect([price, profit]).toEqual([153.5, 126]);
    expect(r).toBeCloseTo(1.2);
  });

  it('falls for a short when the price rises', () => {
    expect(valueOf(position({ side: 'sell' }), '152.50').profit).toBe(-84);
  });

  it('counts what was realised in R, not in the profit of what is held', () => {
    const half = position({ quantity: '21', unrealised_pnl: '21', realised_pnl: '63', r: '0.8' });
    const { profit, r } = valueOf(half, '155.50');
    expect(profit).toBe(105);
    expect(r).toBeCloseTo(1.6);
  });

  it('is not known before the first fill, and stays as it was once it is closed', () => {
    const opening = position({ status: 'opening', quantity: '0', average_price: null, r: null });
    expect(valueOf(opening, '153')).toEqual({ price: 153, profit: null, r: null });
    const closed = position({ status: 'closed', unrealised_pnl: '0', r: '1.5' });
    expect(valueOf(closed, '999').r).toBe(1.5);
  });
});

describe('what closing brings', () => {
  it('is the last price times the quantity, and a cost for a short', () => {
    expect(proceedsOf(position())).toBe(6363);
    expect(proceedsOf(position({ side: 'sell' }), '150')).toBe(-6300);
    expect(proceedsOf(position({ last_price: null }))).toBeNull();
  });

  it('of several says how many have no price', () => {
    const found = proceedsOfAll([position(), position({ last_price: null })]);
    expect(found).toEqual({ amount: 6363, unknown: 1 });
  });
});
