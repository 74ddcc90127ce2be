import { readableText, withShortName } from './texts';

const BERLIN = { timeZone: 'Europe/Berlin' };

describe('sentences of the server', () => {
  it.each([
    ['by 1950-05-14 21:00 UTC.', 'by 14 May 1950, 22:00.'],
    ['at 2026-12-01 07:29:33 UTC', 'at 1 Dec 2026, 08:29'],
    ['since 2026-07-01T22:30:00Z', 'since 2 Jul 2026, 00:30'],
    ['spent on 2026-12-01.', 'spent on 1 Dec 2026.'],
    ['until 00:00 UTC', 'until 00:00 UTC'],
    ['2026-99-99 and 2026-99-99 10:00 UTC', '2026-99-99 and 2026-99-99 10:00 UTC'],
    ['id 2026-12-01-abc', 'id 2026-12-01-abc'],
  ])('tell times in one form: %s', (said, shown) => {
    expect(readableText(said, BERLIN)).toBe(shown);
  });

  it('name the zone where the page does not', () => {
    expect(readableText('by 2026-12-01 07:29 UTC', { ...BERLIN, named: true })).toBe(
      'by 1 Dec 2026, 08:29 Berlin time',
    );
  });

  it('group the digits of places, and of nothing else', () => {
    expect(readableText('What stands at place 90143 is 12345 long.')).toBe(
      'What stands at place 90,143 is 12345 long.',
    );
    expect(readableText('places 1200 to 13000 and 999')).toBe('places 1,200 to 13,000 and 999');
    expect(readableText('knows place 4711 of 90143.')).toBe('knows place 4,711 of 90,143.');
  });
});

describe('a long name in a sentence', () => {
  const LONG = 'A pipeline whose name says in eighty characters what it does $& and why it is so';

  it('is cut, and what is said of it stays', () => {
    expect(withShortName(`${LONG} failed on MSFT`, LONG)).toBe(
      'A pipeline whose name says in eighty ch… failed on MSFT',
    );
  });

  it('stays whole when it is short, or not there', () => {
    expect(withShortName('Swing failed', 'Swing')).toBe('Swing failed');
    expect(withShortName('This is a test', null)).toBe('This is a test');
    expect(withShortName('Something else', LONG)).toBe('Something else');
  });
});
