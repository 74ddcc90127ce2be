import { mergeFirstPage, resultInWords } from './stream';
import { signalOf } from './testing';

const [a, b, c] = ['a', 'b', 'c'].map((id) => signalOf({ id })) as [never, never, never];

describe('mergeFirstPage', () => {
  it('keeps what is on show and sets apart what is new', () => {
    const { known, fresh, gap } = mergeFirstPage([b, c], [a, b], true);
    expect(known).toEqual([b, c]);
    expect(fresh).toEqual([a]);
    expect(gap).toBe(false);
  });

  it('takes over what changed in a signal on show', () => {
    const later = signalOf({ id: 'b', started: 2 });
    expect(mergeFirstPage([b], [later], false).known[0]?.started).toBe(2);
  });

  it('sees that a whole page of news may hide more', () => {
    expect(mergeFirstPage([c], [a, b], true).gap).toBe(true);
    expect(mergeFirstPage([], [a, b], false).gap).toBe(false);
  });
});

describe('resultInWords', () => {
  it('counts what started and what was skipped', () => {
    expect(resultInWords(signalOf({ id: 'a', started: 2, skipped: 1 }))).toBe(
      '2 started, 1 skipped',
    );
    expect(resultInWords(signalOf({ id: 'a' }))).toBe('No match');
  });
});
