import type { NoticeOut } from '@core/api';

/** An unread notice of a filled order, with `change` applied. */
export function noticeOf(change: Partial<NoticeOut> & { id: string }): NoticeOut {
  return {
    kind: 'order_filled',
    title: 'Bought 42 AAPL at 150.50',
    text: 'In simulation mode.',
    path: '/runs/run-1',
    name: null,
    alarm: false,
    count: 1,
    first_at: '2026-11-21T12:00:00Z',
    at: '2026-11-21T12:00:00Z',
    sequence: 1,
    read_at: null,
    ...change,
  };
}
