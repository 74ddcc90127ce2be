import type { ScannerField } from '@core/api';
import {
  draftOf,
  fromFilter,
  type RuleDraft,
  ruleInWords,
  ruleProblem,
  toFilter,
} from './filter-rules';

const rsi: ScannerField = {
  field: 'rsi_14',
  label: 'RSI 14',
  unit: '',
  ops: ['<', '>'],
  values: null,
};
const rule = (change: Partial<RuleDraft>): RuleDraft => ({ ...draftOf(rsi, 0), ...change });

describe('filter rules', () => {
  it('become what the server takes', () => {
    const drafts = [
      rule({ value: '30' }),
      rule({ field: 'price', op: 'between', value: '5', upper: '20.5' }),
      rule({ field: 'sector', op: 'in', value: 'Energy, Utilities ,' }),
    ];
    expect(toFilter(drafts, 50)).toEqual({
      all: [
        { field: 'rsi_14', op: '<', value: 30 },
        { field: 'price', op: 'between', value: [5, 20.5] },
        { field: 'sector', op: 'in', value: ['Energy', 'Utilities'] },
      ],
      limit: 50,
    });
  });

  it('come back as they were', () => {
    const drafts = [
      rule({ value: '30' }),
      rule({ key: 1, field: 'price', op: 'between', value: '5', upper: '20' }),
      rule({ key: 2, field: 'sector', op: 'in', value: 'Energy, Utilities' }),
    ];
    expect(fromFilter(toFilter(drafts, null))).toEqual(drafts);
  });

  it('are not sent while one is unfinished', () => {
    expect(toFilter([], null)).toBeNull();
    expect(toFilter([rule({ value: '30' }), rule({ value: '' })], null)).toBeNull();
  });

  it('say what is missing', () => {
    expect(ruleProblem(rule({ value: 'x' }))).toBe('Enter a number.');
    expect(ruleProblem(rule({ op: 'between', value: '1' }))).toBe('Enter both ends.');
    expect(ruleProblem(rule({ op: 'between', value: '2', upper: '1' }))).toMatch(/smaller/);
    expect(ruleProblem(rule({ op: 'in', value: ' , ' }))).toBe('Name at least one.');
    expect(ruleProblem(rule({ value: '-1.5' }))).toBe('');
  });

  it('read as phrases', () => {
    const words = (op: '<' | 'between', value: never) =>
      ruleInWords({ field: 'rsi_14', op, value }, [rsi]);
    expect(words('<', 30 as never)).toBe('RSI 14 is below 30');
    expect(words('between', [20, 30] as never)).toBe('RSI 14 is between 20 and 30');
  });
});
