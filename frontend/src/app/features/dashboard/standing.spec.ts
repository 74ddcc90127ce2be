import { account, position } from '@core/trading/testing';
import { standingsOf } from './standing';

describe('what the accounts come to', () => {
  it('is told by mode, real money first, and never added up across modes', () => {
    const accounts = [account(), account({ id: 'a-2' }), account({ id: 'a-3', mode: 'live' })];
    const found = standingsOf(accounts, [position(), position({ account_id: 'a-3' })]);
    expect(found.map(({ mode, equity, positions }) => [mode, equity, positions])).toEqual([
      ['live', 100_042, 1],
      ['simulation', 200_084, 1],
    ]);
    expect(found[1]).toMatchObject({ today: 84, risk: 210 });
  });

  it('does not know of positions before they are read', () => {
    expect(standingsOf([account()], null)[0]?.positions).toBeNull();
  });
});
