import type { AccountOut, OrderOut, PositionDetail, PositionOut } from '@core/api';

const AT = '2026-11-30T15:00:00Z';

/** A long position of 42 AAPL, or as `change` says. */
export function position(change: Partial<PositionOut> = {}): PositionOut {
  return {
    id: 'p-1',
    account_id: 'a-1',
    account_name: 'Simulation',
    mode: 'simulation',
    symbol: 'AAPL',
    currency: 'USD',
    pipeline_id: null,
    pipeline_name: null,
    pipeline_deleted: false,
    execution_id: null,
    entry_order_id: 'o-1',
    side: 'buy',
    quantity: '42',
    entered_quantity: '42',
    average_price: '150.50',
    last_price: '151.50',
    quoted_at: AT,
    stale: false,
    unrealised_pnl: '42',
    realised_pnl: '0',
    fees: '0.21',
    r: '0.4',
    risk: '105',
    stop: '148',
    targets: [
      { price: '154.25', quantity: '21', status: 'waiting' },
      { price: '158', quantity: '21', status: 'waiting' },
    ],
    protected_by: 'venue',
    unprotected: '0',
    unprotected_since: null,
    unprotected_seconds: '0',
    status: 'open',
    waits: [],
    attention: null,
    created_at: AT,
    opened_at: AT,
    closed_at: null,
    exit_reason: null,
    actions: [],
    ...change,
  };
}

export function detail(change: Partial<PositionDetail> = {}): PositionDetail {
  return { ...position(change), orders: change.orders ?? [] };
}

/** The filled entry of that position, or as `change` says. */
export function order(change: Partial<OrderOut> = {}): OrderOut {
  return {
    id: 'o-1',
    account_id: 'a-1',
    origin: 'person',
    execution_id: null,
    pipeline_id: null,
    pipeline_name: null,
    pipeline_deleted: false,
    position_id: 'p-1',
    effect: 'open',
    leg: 'entry',
    attempt: 1,
    order_group: null,
    replaces: null,
    mode: 'simulation',
    symbol: 'AAPL',
    side: 'buy',
    type: 'market',
    time_in_force: 'day',
    extended_hours: false,
    quantity: '42',
    limit_price: null,
    stop_price: null,
    trail_amount: null,
    trail_percent: null,
    stop_loss: '148',
    targets: ['154.25', '158'],
    reference_price: '150.40',
    status: 'filled',
    reason: '',
    waits_for: null,
    waits: null,
    settlement_status: 'settled',
    estimated: false,
    filled_quantity: '42',
    remaining: '0',
    average_fill_price: '150.50',
    commission: '0.21',
    client_order_id: null,
    as_of: null,
    created_at: AT,
    answered_at: AT,
    expires_at: null,
    fills: [fill()],
    ...change,
  };
}

export function fill(change: Partial<OrderOut['fills'][number]> = {}): OrderOut['fills'][number] {
  return {
    venue_execution_id: 'f-1',
    time: AT,
    quantity: '42',
    price: '150.50',
    commission: '0.21',
    ...change,
  };
}

/** A simulation account of USD 100,000, or as `change` says. */
export function account(change: Partial<AccountOut> = {}): AccountOut {
  return {
    id: 'a-1',
    name: 'Simulation',
    mode: 'simulation',
    broker: 'simulation',
    currency: 'USD',
    cash: '93679',
    reserved: '0',
    debt: '0',
    equity: '100042',
    equity_at_cost: '100000',
    unrealised_pnl: '42',
    valued_at: AT,
    stale: false,
    open_risk: '105',
    pnl_today: '42',
    open_positions: 1,
    entries_blocked: null,
    buying_power: '93679',
    status: 'open',
    replaced_by: null,
    simulation: {
      behaviour: 'realistic',
      slippage: '0.001',
      commission: '0.005',
      partial_fills: '0.2',
      rejections: '0.05',
      starting_balance: '100000',
      seed: null,
    },
    created_at: AT,
    ...change,
  };
}
