import { draftProblems, emptyDraft, toBody } from './scanner-draft';

describe('a scanner being edited', () => {
  it('says what each kind still needs', () => {
    expect(Object.keys(draftProblems(emptyDraft('manual')))).toEqual(['name', 'tickers']);
    expect(Object.keys(draftProblems(emptyDraft('filter')))).toEqual(['name', 'filter']);
    expect(Object.keys(draftProblems(emptyDraft('api')))).toEqual(['name', 'url']);
  });

  it('takes only https addresses', () => {
    const at = (url: string) => draftProblems({ ...emptyDraft('api'), name: 'A', url })['url'];
    expect(at('https://example.com/tickers')).toBeUndefined();
    expect(at('http://example.com')).toMatch(/https/);
    expect(at('example.com')).toMatch(/https/);
  });

  it('sends what belongs to its kind and nothing else', () => {
    const draft = { ...emptyDraft('manual'), name: ' Big ', tickers: ['AAPL'], url: 'https://x.y' };
    expect(toBody(draft)).toEqual({ name: 'Big', kind: 'manual', tickers: ['AAPL'] });
    expect(toBody({ ...draft, kind: 'api' })).toEqual({
      name: 'Big',
      kind: 'api',
      url: 'https://x.y',
      refresh_minutes: 15,
    });
  });
});
