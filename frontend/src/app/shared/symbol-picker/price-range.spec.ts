import { endInWords, pricesInWords, rangeInWords } from './price-range';
import { IMPORTED, SAMPLE, SIMULATED } from './testing';

describe('the range of prices', () => {
  it('is that of now in the list of symbols, with the stored years', () => {
    expect(rangeInWords(SIMULATED)).toBe('Simulated · sample 2004 to 2013');
    expect(rangeInWords({ ...SIMULATED, others: [] })).toBe('Simulated');
    expect(rangeInWords(IMPORTED)).toBe('Imported, 2015 to 2020');
    expect(rangeInWords({ ...IMPORTED, others: [SAMPLE] })).toBe(
      'Imported, 2015 to 2020 · sample 2004 to 2013',
    );
    expect(rangeInWords({ source: 'alpaca', simulated: false, last_at: null })).toBe('Alpaca');
    expect(rangeInWords({ source: 'imported', simulated: false })).toBe('Imported');
  });

  it('names the last day of what is stored, and no days of a provider', () => {
    expect(pricesInWords(SAMPLE)).toBe('Sample prices, 2004 to 1 Mar 2013');
    expect(pricesInWords(IMPORTED)).toBe('Your import, 2015 to 3 Nov 2020');
    expect(pricesInWords({ ...IMPORTED, first_at: null })).toBe('Your import, ends 3 Nov 2020');
    const short = { ...IMPORTED, first_at: '2020-01-02T14:30:00Z' };
    expect(pricesInWords(short)).toBe('Your import, ends 3 Nov 2020');
    expect(pricesInWords(SIMULATED)).toBe('Simulated prices');
    expect(pricesInWords({ source: 'finnhub', simulated: false })).toBe('Prices from Finnhub');
  });

  it('has an end that is told of the one that the prices are of', () => {
    expect(endInWords('AAPL', IMPORTED)).toBe('Your prices of AAPL end on 3 Nov 2020.');
    expect(endInWords('AAPL', SAMPLE)).toBe('The sample of AAPL ends on 1 Mar 2013.');
  });
});
