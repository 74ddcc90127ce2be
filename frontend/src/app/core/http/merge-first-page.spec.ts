import { mergeFirstPage } from './merge-first-page';

const of = (id: string, version = 1) => ({ id, version });
const [a, b, c] = [of('a'), of('b'), of('c')];

describe('mergeFirstPage', () => {
  it('keeps what is on show and sets apart what is new', () => {
    const { known, fresh, gap } = mergeFirstPage([b, c], [a, b], true);
    expect(known).toEqual([b, c]);
    expect(fresh).toEqual([a]);
    expect(gap).toBe(false);
  });

  it('takes over what changed in an item on show', () => {
    expect(mergeFirstPage([b], [of('b', 2)], false).known).toEqual([of('b', 2)]);
  });

  it('leaves what moved up as it was, and counts it as new', () => {
    const moved = (was: typeof b, is: typeof b) => was.version !== is.version;
    const { known, fresh } = mergeFirstPage([a, b], [of('b', 2), a], false, moved);
    expect(known).toEqual([a, b]);
    expect(fresh).toEqual([of('b', 2)]);
  });

  it('sees that a whole page of news may hide more', () => {
    expect(mergeFirstPage([c], [a, b], true).gap).toBe(true);
    expect(mergeFirstPage([], [a, b], false).gap).toBe(false);
  });
});
