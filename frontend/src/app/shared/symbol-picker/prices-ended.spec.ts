import { haveEnded } from './prices-ended';
import { IMPORTED, SIMULATED } from './testing';

const FRIDAY = { ...IMPORTED, last_at: '2020-10-30T20:00:00Z' };
const ended = (prices: typeof IMPORTED, iso: string) => haveEnded(prices, Date.parse(iso));

describe('whether prices have ended', () => {
  it('is so once two sessions have closed without a bar', () => {
    expect(ended(FRIDAY, '2020-11-03T19:59:00Z')).toBe(false);
    expect(ended(FRIDAY, '2020-11-03T20:00:00Z')).toBe(true);
  });

  it('counts weekends where the market has none', () => {
    const coin = { ...FRIDAY, calendar: '24/7' };
    expect(ended(coin, '2020-10-31T21:00:00Z')).toBe(false);
    expect(ended(coin, '2020-11-01T20:00:00Z')).toBe(true);
  });

  it('leaves weeks and months the time of two of them', () => {
    const weeks = { ...FRIDAY, timeframes: ['1w', '1mo'] };
    expect(ended(weeks, '2020-11-12T20:00:00Z')).toBe(false);
    expect(ended(weeks, '2020-11-13T20:00:00Z')).toBe(true);
    expect(ended({ ...FRIDAY, timeframes: ['1mo'] }, '2020-12-15T20:00:00Z')).toBe(false);
  });

  it('is not so before their end, nor ever of a provider', () => {
    expect(ended(FRIDAY, '2019-01-01T00:00:00Z')).toBe(false);
    expect(haveEnded(FRIDAY, Date.parse('2020-12-31T00:00:00Z'))).toBe(true);
    expect(haveEnded({ ...SIMULATED, last_at: '2013-03-01T21:00:00Z' })).toBe(false);
  });
});
