import type { NextTradeOut, WhatHappenedNextOut } from '@core/api';

/** Ten bought at 150.65; after a split of 2:1 half went at target 1, the rest at break-even. */
export function aNextTrade(change: Partial<NextTradeOut> = {}): NextTradeOut {
  const stop = { leg: 'stop', at: '2013-03-13T20:00:00Z', price: '75.2', commission: '0.025' };
  return {
    order_id: 'o-1',
    status: 'closed',
    side: 'buy',
    quantity: '10',
    entry_price: '150.65',
    entry_at: '2013-03-11T21:00:00Z',
    entry_commission: '0.05',
    estimated: true,
    stop_loss: '148.00',
    targets: ['154.25', '158.00'],
    exit_at: '2013-03-13T20:00:00Z',
    reason: 'break_even',
    pnl: '17.15',
    r: '0.6860',
    currency: 'USD',
    open_quantity: '0',
    last_price: '75.2',
    fills: [
      {
        leg: 'target_1',
        at: '2013-03-12T20:00:00Z',
        quantity: '10',
        price: '77.12',
        commission: '0.05',
        chart_price: '77.12',
      },
      { ...stop, quantity: '6', chart_price: '75.2' },
      { ...stop, quantity: '4', chart_price: '75.2' },
    ],
    splits: [{ at: '2013-03-12T13:30:00Z', ratio: '2:1' }],
    ambiguities: 0,
    bars: 2,
    played_until: '2013-03-13T20:00:00Z',
    chart: { entry: '75.325', stop_loss: '74', targets: ['77.125', '79'] },
    story: ['Target 1 was reached on 12 March 2013: half sold at 77.12.', 'Profit 17.15 USD.'],
    ...change,
  };
}

/** What the API says of a run with this trade. */
export function aNext(trade: Partial<NextTradeOut> = {}): WhatHappenedNextOut {
  return {
    execution_id: 'run-1',
    symbol: 'AAPL',
    as_of: '2013-03-11T21:00:00Z',
    dataset: 'sample',
    source: 'sample',
    timeframe: '1d',
    trades: [aNextTrade(trade)],
  };
}
