import { joinFirstPage, mergeFirstPage } from './merge-first-page';

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

  it('puts what came late where it belongs, and not on top', () => {
    const [late, old] = [of('late'), of('old')];
    const { fresh, joined } = mergeFirstPage([b, c, old], [a, b, late, c], true);
    expect(fresh).toEqual([a, late]);
    expect(joined).toEqual([a, b, late, c, old]);
  });

  it('moves up what moved up, once', () => {
    const moved = (was: typeof b, is: typeof b) => was.version !== is.version;
    expect(mergeFirstPage([a, b, c], [of('b', 2), a, c], false, moved).joined).toEqual([
      of('b', 2),
      a,
      c,
    ]);
  });
});

describe('joinFirstPage', () => {
  const join = (shown: string, first: string) =>
    joinFirstPage([...shown], [...first], (item) => item).join('');

  it('keeps older pages below the first', () => {
    expect(join('bcxyz', 'abc')).toBe('abcxyz');
    expect(join('bxyz', 'abk')).toBe('abkxyz');
  });

  it('leaves what the first page does not hold any more before the one it stood before', () => {
    expect(join('bgc', 'abc')).toBe('abgc');
    expect(join('gb', 'ab')).toBe('agb');
  });

  it('takes an empty side for what it is', () => {
    expect(join('', 'ab')).toBe('ab');
    expect(join('ab', '')).toBe('ab');
  });
});
