import { resultInWords } from './result-words';
import { signalOf } from './testing';

describe('resultInWords', () => {
  it('counts what started and what was skipped', () => {
    expect(resultInWords(signalOf({ id: 'a', started: 2, skipped: 1 }))).toBe(
      '2 started, 1 skipped',
    );
    expect(resultInWords(signalOf({ id: 'a' }))).toBe('No match');
  });
});
