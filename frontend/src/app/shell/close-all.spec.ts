import { account, position } from '@core/trading/testing';
import { modeToClose, toClose } from './close-all';

describe('the red button', () => {
  const held = [
    position(),
    position({ id: 'p-2', last_price: null }),
    position({ id: 'p-3', account_id: 'a-2', quantity: '10' }),
    position({ id: 'p-4', mode: 'live' }),
  ];
  const accounts = [account(), account({ id: 'a-2', name: 'Small' })];

  it('names account, count and proceeds of one mode, never of all', () => {
    expect(toClose(held, accounts, 'simulation')).toEqual([
      { account: 'Simulation', count: 2, proceeds: 'about $6,363.00, 1 without a price' },
      { account: 'Small', count: 1, proceeds: 'about $1,515.00' },
    ]);
  });

  it('begins with the mode on screen, else with the one furthest from real money', () => {
    expect(modeToClose('paper', held)).toBe('paper');
    expect(modeToClose(null, held)).toBe('simulation');
    expect(modeToClose(null, [position({ mode: 'live' })])).toBe('live');
    expect(modeToClose(null, [])).toBe('simulation');
  });
});
