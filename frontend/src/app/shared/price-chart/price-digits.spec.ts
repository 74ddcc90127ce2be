import { priceDigits, priceText } from './price-digits';

describe('the places of a price', () => {
  it('are those in which it is quoted, two at least', () => {
    expect(priceDigits(['150.5', '151', '150.25'], '24/7')).toBe(2);
    expect(priceDigits(['151.234', '151.2', '151.231'], '24/7')).toBe(3);
    expect(priceDigits(['1.07219', '1.0722', '1.07226'], '24/7')).toBe(5);
    expect(priceDigits([], '24/7')).toBe(2);
  });

  it('are cents for what an exchange lists, however its prices were adjusted', () => {
    expect(priceDigits(['438.179', '430.475', '441.125'], 'XNYS')).toBe(2);
    expect(priceDigits(['0.4312'], 'XNYS')).toBe(4);
  });

  it('do not follow a few odd ones', () => {
    expect(priceDigits([...Array<string>(9).fill('438.17'), '438.1799'], '24/7')).toBe(2);
  });

  it('go by the size of the price where it was adjusted or made up', () => {
    expect(priceDigits(['12.34567891'], '24/7')).toBe(2);
    expect(priceDigits(['3.14159265'], '24/7')).toBe(4);
  });

  it('leave significant ones to what costs less than a cent', () => {
    expect(priceDigits(['0.00001234'], '24/7')).toBe(8);
    expect(priceDigits(['0.0812'], '24/7')).toBe(4);
  });

  it('are written in full', () => {
    expect(priceText('1234.5', 2)).toBe('1,234.50');
    expect(priceText(0.00001234, 8)).toBe('0.00001234');
  });
});
