import { damageInWords } from './damage-words';

describe('damageInWords', () => {
  it('says what is wrong as a sentence, also of a kind it does not know', () => {
    expect(damageInWords('row_unrecorded')).toBe('Something happened that is not on record.');
    expect(damageInWords('newly_found')).toBe('Something else is wrong: newly found.');
  });
});
