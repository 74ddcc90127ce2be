import { detail, fill, order } from '@core/trading/testing';
import { happenings } from './position-timeline';

const at = (minute: number) => `2026-11-30T15:${String(minute).padStart(2, '0')}:00Z`;
const exit = { side: 'sell', effect: 'close', stop_loss: null } as const;
const entry = order({
  created_at: at(0),
  fills: [fill({ time: at(1), quantity: '20' }), fill({ time: at(2), quantity: '22' })],
});
const target = order({
  ...exit,
  id: 'o-3',
  leg: 'target_1',
  quantity: '21',
  created_at: at(9),
  fills: [fill({ time: at(10), quantity: '21', price: '154.25' })],
});

describe('what happened to a position', () => {
  const words = (...of: Parameters<typeof happenings>) => happenings(...of).map(({ text }) => text);

  it('tells of splits and dividends, and of what could not be applied', () => {
    const action = { ex_date: '2026-12-01', at: at(5), note: '' };
    const actions = [
      {
        ...action,
        kind: 'split',
        says: '3:2',
        outcome: 'applied',
        before: '15',
        after: '22',
        cash: '50.17',
      },
      {
        ...action,
        kind: 'dividend',
        says: '0.24 USD',
        outcome: 'applied',
        before: '22',
        after: '22',
        cash: '5.28',
      },
      {
        ...action,
        kind: 'split',
        says: '2:1',
        outcome: 'not_applied',
        before: '22',
        after: '22',
        cash: null,
        note: 'Late.',
      },
    ] as const;
    expect(words(detail({ actions: [...actions] }), [])).toEqual([
      'Split 3:2: 15 became 22, +$50.17',
      'Dividend 0.24 USD a share: +$5.28',
      'Split 2:1 not applied: Late.',
    ]);
  });

  it('goes from the order to the close', () => {
    const stop = (id: string, minute: number, stop_price: string) =>
      order({ ...exit, id, leg: 'stop', stop_price, created_at: at(minute), fills: [] });
    const hit = {
      ...stop('o-5', 11, '150.50'),
      quantity: '21',
      fills: [fill({ time: at(20), quantity: '21' })],
    };
    const closed = detail({
      status: 'closed',
      closed_at: at(20),
      exit_reason: 'break_even',
      realised_pnl: '78.54',
      r: '0.7',
    });
    expect(words(closed, [hit, target, stop('o-2', 3, '148'), entry])).toEqual([
      'Order to buy 42 at the market',
      'Entry: bought 20 at 150.50, 22 to go',
      'Entry: bought 22 at 150.50',
      'Stop at 148.00',
      'Target 1: sold 21 at 154.25, +$78.75',
      'Stop moved to break-even, 150.50',
      'Stop: sold 21 at 150.50, $0.00',
      'Closed: Break-even stop, +$78.54, +0.7 R',
    ]);
  });

  it('tells the stop that the monitor watches, of which there is no order', () => {
    const held = detail({ opened_at: at(1), stop: '150.50', quantity: '21' });
    const found = words(held, [entry, target]);
    expect(found).toContain('Stop at 148.00');
    expect(found.at(-1)).toBe('Stop moved to break-even, 150.50');
  });

  it('says why an order was refused', () => {
    const reason = 'market_halted: Trading is halted.';
    const refused = order({ ...exit, leg: 'close', status: 'rejected', reason, fills: [] });
    expect(words(detail(), [refused])).toContain('Close refused: Trading is halted.');
  });
});
