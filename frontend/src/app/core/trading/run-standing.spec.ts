import { standingOf } from './run-standing';
import { detail, order } from './testing';

const pending = { entered_quantity: '0', quantity: '0', status: 'opening' } as const;

describe('how the trade of a run stands', () => {
  const words = (...of: Parameters<typeof standingOf>) => standingOf(...of).text;

  it('waits for the market', () => {
    const waits = ['NYSE opens Mon 14:30 UTC.'];
    expect(words(order({ status: 'submitted' }), detail({ ...pending, waits }))).toBe(
      'Order sent, waits for the market: NYSE opens Mon 14:30 UTC.',
    );
  });

  it('works', () => {
    expect(words(order({ status: 'working' }), detail(pending))).toContain('Order working');
    expect(words(order({ status: 'intended' }), null)).toBe('Order sent, not taken yet');
  });

  it('is a position, and leads to it', () => {
    const found = standingOf(order(), detail());
    expect(found).toMatchObject({ text: 'Position open: 42 AAPL at 150.50', positionId: 'p-1' });
  });

  it('is over', () => {
    const closed = detail({
      status: 'closed',
      closed_at: '2026-11-30T18:00:00Z',
      exit_reason: 'target_2',
      realised_pnl: '236.25',
    });
    expect(words(order(), closed)).toBe('Position closed: Target 2, +$236.25');
  });

  it('was refused, with no position to open', () => {
    const refused = order({ status: 'rejected', reason: 'price_moved: The price had moved.' });
    const never = detail({ status: 'closed', opened_at: null, exit_reason: 'entry_refused' });
    for (const held of [null, never]) {
      expect(standingOf(refused, held)).toMatchObject({
        text: 'No position: The price had moved.',
        positionId: null,
      });
    }
  });
});
