import { byDay } from './by-day';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const at = (moment: string) => ({ at: moment });

describe('byDay', () => {
  it('names today and the day before, and dates the rest', () => {
    const items = [
      at('2026-11-21T11:00:00Z'),
      at('2026-11-20T23:00:00Z'),
      at('2026-11-20T01:00:00Z'),
      at('2026-11-02T10:00:00Z'),
    ];
    expect(byDay(items, NOW, 'UTC').map(({ label, items: of }) => [label, of.length])).toEqual([
      ['Today', 1],
      ['Yesterday', 2],
      ['2 Nov 2026', 1],
    ]);
  });

  it.each([
    // In spring the day before has 23 hours, in autumn 25.
    ['2026-03-30T00:30:00+02:00', '2026-03-29T12:00:00+02:00', 'Yesterday'],
    ['2026-03-30T00:30:00+02:00', '2026-03-28T12:00:00+01:00', '28 Mar 2026'],
    ['2026-10-26T00:30:00+01:00', '2026-10-25T12:00:00+01:00', 'Yesterday'],
    ['2026-10-25T23:30:00+01:00', '2026-10-24T12:00:00+02:00', 'Yesterday'],
    ['2026-10-25T23:30:00+01:00', '2026-10-25T00:10:00+02:00', 'Today'],
    ['2027-01-01T09:00:00+01:00', '2026-12-31T09:00:00+01:00', 'Yesterday'],
  ])('counts calendar days when clocks change: at %s, %s is %s', (now, then, label) => {
    expect(byDay([at(then)], Date.parse(now), 'Europe/Berlin')[0]?.label).toBe(label);
  });

  it('goes by the day of the reader', () => {
    expect(byDay([at('2026-11-20T23:00:00Z')], NOW, 'Asia/Kolkata')[0]?.label).toBe('Today');
  });
});
