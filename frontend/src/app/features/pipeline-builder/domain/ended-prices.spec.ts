import { endedPricesInWords } from './ended-prices';

const ended = (symbol: string, last_at: string | null, source = 'imported') => ({
  symbol,
  source,
  last_at,
});
const AAPL = ended('AAPL', '2020-11-03T21:00:00Z');

describe('the warning of prices that have ended', () => {
  it('says when they end, and that every start fails until newer ones are imported', () => {
    expect(endedPricesInWords([AAPL])).toBe(
      'Your prices of AAPL end on 3 Nov 2020. Every start will fail with ‘prices end’ until newer' +
        ' bars are imported.',
    );
  });

  it('names the way out of a choice as well', () => {
    expect(endedPricesInWords([{ ...AAPL, source: 'sample' }])).toContain(
      'until newer bars are imported or other prices are chosen on the page Instruments.',
    );
  });

  it('names a few and counts the rest', () => {
    const many = ['A', 'B', 'C', 'D', 'E'].map((symbol, i) =>
      ended(symbol, `201${i}-03-01T12:00:00Z`),
    );
    expect(endedPricesInWords(many)).toMatch(
      /^Your prices of A, B, C and 2 more symbols end at the latest on 1 Mar 2014\. Every start on them/,
    );
  });

  it('is silent when there are none', () => {
    expect(endedPricesInWords([])).toBe('');
  });
});
