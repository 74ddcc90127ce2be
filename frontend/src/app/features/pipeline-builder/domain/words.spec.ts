import { goesOnInWords } from './words';

describe('what is said when an active pipeline is left with a draft', () => {
  it('counts the changes, where they are known', () => {
    expect(goesOnInWords('Clock', 3, 2)).toBe(
      'Clock goes on with version 3; your 2 changes are a draft.',
    );
    expect(goesOnInWords('Clock', 3, 1)).toMatch(/; your change is a draft\.$/);
    expect(goesOnInWords('Clock', 3, null)).toMatch(/; your changes are a draft\.$/);
  });
});
