import type { PastEvent } from '@core/api';
import { ordersOnce } from './orders-once';

const event = (type: string, order_id: string, status?: string): PastEvent => ({
  id: `${type} ${order_id}`,
  at: '2026-11-21T12:00:00Z',
  type,
  service: 'audit',
  correlation_id: 'request-1',
  user_id: null,
  data: { order_id, ...(status ? { status } : {}) },
});
const types = (events: readonly PastEvent[]) => events.map(({ type }) => type);

describe('ordersOnce', () => {
  it('leaves out entries of what is announced on show', () => {
    const events = [
      event('order_answered', 'a', 'filled'),
      event('OrderFilled', 'a'),
      event('order_intended', 'a'),
      event('OrderIntended', 'a'),
    ];
    expect(types(ordersOnce(events))).toEqual(['OrderFilled', 'OrderIntended']);
  });

  it('keeps what only the record says: another order, or an answer that is no whole fill', () => {
    const events = [
      event('order_answered', 'a', 'partially_filled'),
      event('OrderFilled', 'a'),
      event('order_intended', 'b'),
      event('OrderIntended', 'a'),
      event('user_logged_in', 'a'),
    ];
    expect(ordersOnce(events)).toEqual(events);
  });
});
