import { legInWords, lookOf, reasonInWords, termsInWords, whyOf } from './order-words';
import { order } from './testing';

describe('an order in words', () => {
  it('says that a part was filled before it ended', () => {
    expect(lookOf(order({ status: 'cancelled', filled_quantity: '10' })).label).toBe(
      'Filled in part, rest cancelled',
    );
    expect(lookOf(order({ status: 'cancelled', filled_quantity: '0' })).label).toBe('Cancelled');
  });

  it('says that a fill of the past is estimated', () => {
    expect(lookOf(order({ estimated: true })).label).toBe('Filled, estimated');
  });

  it('names its prices', () => {
    expect(termsInWords(order())).toBe('Market');
    expect(termsInWords(order({ type: 'limit', limit_price: '150.5' }))).toBe('Limit 150.50');
    expect(
      termsInWords(order({ type: 'stop_limit', stop_price: '148', limit_price: '147.5' })),
    ).toBe('Stop 148.00, limit 147.50');
  });

  it('says why it waits while it is open, and why it ended after that', () => {
    const waits = 'NYSE opens Mon 14:30 UTC.';
    expect(whyOf(order({ status: 'working', waits }))).toBe(waits);
    const reason = 'insufficient_funds: It costs more than is free.';
    expect(whyOf(order({ status: 'rejected', reason }))).toBe('It costs more than is free.');
    expect(whyOf(order())).toBeNull();
  });

  it('makes a bare code readable and leaves sentences alone', () => {
    expect(reasonInWords('price_moved')).toBe('Price moved');
    expect(reasonInWords('The stop: it was hit.')).toBe('The stop: it was hit.');
  });

  it('tells targets apart', () => {
    expect(legInWords({ leg: 'target_2' })).toBe('Target 2');
    expect(legInWords({ leg: 'stop_1' })).toBe('Stop');
    expect(legInWords({ leg: 'entry' })).toBe('Entry');
  });
});
