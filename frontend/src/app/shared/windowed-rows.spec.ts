import { windowOf } from './windowed-rows';

const rows = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('a window on a long list', () => {
  it('draws short lists whole', () => {
    expect(windowOf(rows(60), 45, 0, 10)).toEqual({ rows: rows(60), first: 0, above: 0, below: 0 });
  });

  it('draws what is looked at and a little more, and keeps the height of all', () => {
    const found = windowOf(rows(200), 45, 4_500, 5_400);
    expect([found.first, found.rows.at(-1)]).toEqual([88, 131]);
    expect(found.above + found.rows.length * 45 + found.below).toBe(200 * 45);
  });

  it('holds at both ends, and before the list is reached', () => {
    expect(windowOf(rows(200), 45, -300, 600).first).toBe(0);
    const end = windowOf(rows(200), 45, 8_400, 9_300);
    expect([end.rows.at(-1), end.below]).toEqual([199, 0]);
    expect(windowOf(rows(200), 45, -9_000, -8_000).rows).toEqual([]);
  });
});
