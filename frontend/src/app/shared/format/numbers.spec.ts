import {
  formatCost,
  formatMoney,
  formatPercent,
  formatPercentChange,
  formatPrice,
  formatQuantity,
} from './numbers';

describe('numbers', () => {
  it('writes money with cents and thousands', () => {
    expect(formatMoney('1234.56')).toBe('$1,234.56');
    expect(formatMoney('-8')).toBe('-$8.00');
  });

  it('writes small costs to their first two significant digits', () => {
    expect(formatCost('0.0031')).toBe('$0.0031');
    expect(formatCost('0.00031234')).toBe('$0.00031');
    expect(formatCost('0')).toBe('$0.00');
    expect(formatCost('1.239')).toBe('$1.24');
  });

  it('keeps the decimals that a price needs', () => {
    expect(formatPrice('150.5')).toBe('150.50');
    expect(formatPrice('1.07219')).toBe('1.07219');
  });

  it('drops trailing zeros of quantities', () => {
    expect(formatQuantity('42.000')).toBe('42');
    expect(formatQuantity('0.0150')).toBe('0.015');
  });

  it('signs percentages only where they are changes', () => {
    expect(formatPercent(0.125)).toBe('12.5%');
    expect(formatPercentChange(0.125)).toBe('+12.5%');
    expect(formatPercentChange(-0.031)).toBe('-3.1%');
  });

  it('shows a dash for what is not known', () => {
    expect(formatMoney(null)).toBe('–');
    expect(formatCost(undefined)).toBe('–');
    expect(formatQuantity('n/a')).toBe('–');
  });
});
