import { isOld, newestInWords, rangeInWords } from './price-range';

const sample = {
  source: 'sample',
  first_at: '2004-08-19T13:30:00Z',
  last_at: '2013-03-01T21:00:00Z',
};
const simulated = { source: 'simulated', first_at: '2000-01-31T00:00:00Z', last_at: null };

describe('the range of prices', () => {
  it('stands beside the source in the list of symbols', () => {
    expect(rangeInWords(sample)).toBe('sample, 2004 to 2013');
    expect(rangeInWords(simulated)).toBe('simulated, 2000 to now');
    expect(rangeInWords({ source: 'imported' })).toBe('imported');
  });

  it('names the newest price unless prices go on', () => {
    expect(newestInWords(sample)).toBe('newest price 1 Mar 2013');
    expect(newestInWords(simulated)).toBe('');
    expect(newestInWords(null)).toBe('');
  });

  it('is old once a week has passed without a price', () => {
    const at = (iso: string) => isOld(sample, Date.parse(iso));
    expect(at('2013-03-05T12:00:00Z')).toBe(false);
    expect(at('2013-03-12T12:00:00Z')).toBe(true);
    expect(isOld(simulated, Date.parse('2090-01-01T00:00:00Z'))).toBe(false);
  });
});
