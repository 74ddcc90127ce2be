import {
  entryPrice,
  estimateOf,
  faultsOf,
  orderOf,
  refusedFields,
  type TicketDraft,
} from './ticket-draft';

const QUOTE = { price: '150.50', bid: '150.45', ask: '150.55' };
const draft = (change: Partial<TicketDraft> = {}): TicketDraft => ({
  accountId: 'a-1',
  symbol: 'AAPL',
  side: 'buy',
  type: 'limit',
  sizing: 'quantity',
  size: '42',
  limit: '150.50',
  stop: '',
  inForce: '',
  stopLoss: '148',
  target1: '154.25',
  target2: '158',
  ...change,
});

describe('an order ticket', () => {
  it('estimates cost, risk and targets', () => {
    const found = estimateOf(draft(), QUOTE, '100000');
    expect(found).toMatchObject({ price: 150.5, quantity: 42, cost: 6321, risk: 105 });
    expect(found.riskShare).toBeCloseTo(0.00105);
    expect(found.targets).toEqual([1.5, 3]);
  });

  it('takes the ask to buy and the bid to sell', () => {
    expect(entryPrice(draft({ type: 'market' }), QUOTE)).toBe(150.55);
    expect(entryPrice(draft({ type: 'market', side: 'sell' }), QUOTE)).toBe(150.45);
    expect(entryPrice(draft({ type: 'market' }), null)).toBeNull();
  });

  it('turns money into a quantity', () => {
    const found = estimateOf(draft({ sizing: 'amount', size: '6,321' }), QUOTE, null);
    expect([found.quantity, found.riskShare]).toEqual([42, null]);
    expect(orderOf(draft({ sizing: 'amount', size: '6,321' }), 'x')).toMatchObject({
      notional: '6321',
    });
  });

  it('needs a stop loss on the side of the loss, and targets beyond the entry', () => {
    expect(faultsOf(draft(), QUOTE)).toEqual({});
    expect(faultsOf(draft({ stopLoss: '' }), QUOTE).stopLoss).toContain('closed with a loss');
    expect(faultsOf(draft({ stopLoss: '151' }), QUOTE).stopLoss).toContain('below the entry');
    expect(faultsOf(draft({ target1: '150' }), QUOTE).target1).toContain('above the entry');
    expect(faultsOf(draft({ target2: '154' }), QUOTE).target2).toContain('above target 1');
    const short = { side: 'sell', stopLoss: '153', target1: '146', target2: '' } as const;
    expect(faultsOf(draft(short), QUOTE)).toEqual({});
  });

  it.each(['', '0', '-1', 'NaN', '1e999', 'twelve'])('refuses the size %j', (size) => {
    expect(faultsOf(draft({ size }), QUOTE).size).toBe('Enter a number above 0.');
  });

  it('needs no plan of exits to close a position', () => {
    const closing = draft({ type: 'market', side: 'sell', stopLoss: '', target1: '', target2: '' });
    expect(faultsOf(closing, QUOTE, true)).toEqual({});
    expect(orderOf(closing, 'x')).not.toHaveProperty('stop_loss');
  });

  it('is sent with what was filled in and no more', () => {
    expect(orderOf(draft({ type: 'market', target2: ' ' }), 'once')).toEqual({
      account_id: 'a-1',
      symbol: 'AAPL',
      side: 'buy',
      type: 'market',
      quantity: '42',
      client_order_id: 'once',
      stop_loss: '148',
      take_profit: ['154.25'],
    });
  });

  it('shows a refusal at the field that the server named', () => {
    const found = refusedFields([
      { field: 'stop_loss', message: 'Too near.', remedy: 'Give it room.' },
      { field: 'notional', message: 'Too small.' },
      { field: null, message: 'The account is blocked.' },
    ]);
    expect(found).toEqual({ stopLoss: 'Too near. Give it room.', size: 'Too small.' });
  });
});
