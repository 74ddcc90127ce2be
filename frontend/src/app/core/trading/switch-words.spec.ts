import { scopeInWords, switchesOn } from './switch-words';

describe('switches', () => {
  it('that are on come with the strictest first', () => {
    const states = ['paused', 'off', 'halted', 'reduce_only'] as const;
    const found = switchesOn(states.map((state) => ({ state })));
    expect(found.map(({ state }) => state)).toEqual(['halted', 'reduce_only', 'paused']);
  });

  it('say what they govern', () => {
    expect(scopeInWords({ scope: 'user', name: null })).toBe('Your trading');
    expect(scopeInWords({ scope: 'pipeline:1', name: 'Swing' })).toBe('Swing');
    expect(scopeInWords({ scope: 'pipeline:1', name: null })).toBe('A deleted pipeline');
    expect(scopeInWords({ scope: 'file', name: null })).toContain('./kuber halt');
  });
});
