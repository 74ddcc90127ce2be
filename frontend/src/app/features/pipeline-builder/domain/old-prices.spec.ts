import { oldPricesInWords } from './old-prices';

const aged = (symbol: string, last_at: string | null) => ({ symbol, last_at });
const AAPL = aged('AAPL', '2013-03-01T21:00:00Z');

describe('the warning of old prices', () => {
  it('says what a schedule makes of them', () => {
    expect(oldPricesInWords([AAPL], 'schedule')).toBe(
      'The newest price of AAPL is of 1 Mar 2013. Every scheduled run sees the same prices and' +
        ' gives the same answer, until newer ones are imported.',
    );
  });

  it('says what a signal makes of them', () => {
    expect(oldPricesInWords([AAPL], 'signal')).toContain('starts a run on those prices');
  });

  it('names a few and counts the rest', () => {
    const many = ['A', 'B', 'C', 'D', 'E'].map((symbol, i) =>
      aged(symbol, `201${i}-03-01T12:00:00Z`),
    );
    expect(oldPricesInWords(many, 'schedule')).toContain(
      'The newest price of A, B, C and 2 more symbols is of at most 1 Mar 2014.',
    );
  });

  it('is silent when there are none', () => {
    expect(oldPricesInWords([], 'signal')).toBe('');
  });
});
