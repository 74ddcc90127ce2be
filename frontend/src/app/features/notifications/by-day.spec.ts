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

  it('goes by the day of the reader', () => {
    expect(byDay([at('2026-11-20T23:00:00Z')], NOW, 'Asia/Kolkata')[0]?.label).toBe('Today');
  });
});
