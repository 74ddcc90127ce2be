import type { GeneratorKindOut } from '@core/api';
import {
  draftProblems,
  exampleOf,
  figuresInWords,
  newDraft,
  toBody,
  touchedProblems,
  verdictInWords,
} from './generator-draft';

const kind: GeneratorKindOut = {
  kind: 'rsi',
  name: 'RSI',
  description: '',
  signal_type: 'rsi',
  config_schema: {},
  provider: 'built-in',
  unavailable: null,
};

describe('a generator being edited', () => {
  it('begins with the name of its kind and says what it needs', () => {
    const draft = newDraft(kind);
    expect(draft.name).toBe('RSI');
    expect(draftProblems(draft)).toEqual({ symbols: 'Name at least one symbol.' });
    expect(draftProblems({ ...draft, name: ' ', symbols: ['AAPL'] })).toEqual({
      name: 'Give it a name.',
    });
  });

  it('is sent with a trimmed name', () => {
    const body = toBody({ ...newDraft(kind), name: ' Mine ', symbols: ['AAPL'] });
    expect(body).toMatchObject({ name: 'Mine', kind: 'rsi', symbols: ['AAPL'], timeframe: '1d' });
  });
});

describe('a form', () => {
  it('offers the example that its schema gives', () => {
    const properties = { level: { type: 'number' }, expression: { examples: ['close > 5'] } };
    expect(exampleOf({ ...kind, config_schema: { properties } })).toEqual({
      expression: 'close > 5',
    });
    expect(exampleOf(kind)).toBeNull();
  });

  it('does not complain of what nobody has filled in yet', () => {
    const problem = (field: string | null) => ({ field, message: 'Bad.', remedy: '' });
    const problems = ['config.expression', 'config.level', 'symbol', null].map(problem);
    expect(touchedProblems(problems, { level: 1 })).toEqual(['level', 'symbol', null].map(problem));
  });
});

describe('a trial', () => {
  it('is summed up', () => {
    expect(verdictInWords(7, 1000)).toBe('Would have sent 7 signals on the last 1,000 bars.');
    expect(verdictInWords(1, 20)).toMatch(/1 signal on/);
    expect(verdictInWords(0, 20)).toMatch(/no signal/);
    expect(verdictInWords(0, 0)).toMatch(/no bars/);
  });

  it('names the figures behind a signal', () => {
    expect(figuresInWords({ sma_50: 150.123456, note: 'up', parts: [1] })).toBe(
      'sma 50 150.1235, note up',
    );
  });
});
