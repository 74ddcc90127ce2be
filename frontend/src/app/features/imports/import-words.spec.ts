import { ImportJob } from './import-job';
import {
  barsInWords,
  gapsInWords,
  dividendsInWords,
  holdsActions,
  splitsInWords,
  readyInWords,
  spanInWords,
  symbolsInWords,
  timeframeInWords,
  undoQuestion,
  zoneInWords,
} from './import-words';
import { actionsOf, previewOf } from './testing';

const [found] = previewOf().found;

describe('what an import holds, in words', () => {
  it('is bars, symbol and days', () => {
    expect(barsInWords(previewOf())).toBe('2 bars of AAPL, 2 Jan 2024 to 3 Jan 2024');
  });

  it('counts with separators, and one bar as one', () => {
    expect(barsInWords(previewOf({ bars: 525_600 }))).toContain('525,600 bars of AAPL');
    expect(barsInWords(previewOf({ bars: 1 }))).toContain('1 bar of AAPL');
  });

  it('says no number that is not known yet, and nothing where nothing is known', () => {
    expect(barsInWords(previewOf({ bars: 0 }))).toBe('AAPL, 2 Jan 2024 to 3 Jan 2024');
    expect(barsInWords(previewOf({ symbols: [] }))).toBe('');
  });

  it('goes by the days of the market', () => {
    const sydney = { from: '2024-01-01T23:00:00Z', to: '2024-01-02T05:00:00Z' };
    expect(spanInWords(sydney, 'XASX')).toBe('2 Jan 2024');
  });

  it('names a few symbols and counts the others', () => {
    expect(symbolsInWords(['A'])).toBe('A');
    expect(symbolsInWords(['A', 'B'])).toBe('A and B');
    expect(symbolsInWords(['A', 'B', 'C', 'D', 'E'])).toBe('A, B, C and 2 more');
  });

  it('is splits and dividends with their days, whatever the market', () => {
    expect(barsInWords(actionsOf())).toBe(
      '2 splits and 12 dividends of AAPL, 3 Feb 2015 to 1 Nov 2024',
    );
    expect([holdsActions(actionsOf()), holdsActions(previewOf())]).toEqual([true, false]);
    const one = { count: 1, first: '2024-01-04', last: '2024-01-04' };
    expect(dividendsInWords(one)).toBe('1 dividend, 4 Jan 2024');
  });

  it('tells gaps and splits, once they were looked for', () => {
    expect(gapsInWords(found!, false)).toBe('Not counted yet');
    expect(gapsInWords({ ...found!, gaps: 1 }, true)).toBe('1 bar missing');
    expect(gapsInWords(found!, true)).toBe('None');
    const split = { at: '2014-06-09T13:30:00Z', ratio: '7:1' };
    expect(splitsInWords({ ...found!, splits: [split] }, true)).toBe('7:1 on 9 Jun 2014');
    expect(splitsInWords(found!, false)).toBe('Not looked for yet');
  });
});

it('says before an undo what goes and what comes back', () => {
  const { text } = undoQuestion(previewOf());
  expect(text).toContain('2 bars of AAPL');
  expect(text).toContain('comes back');
});

it('keeps what was said before when one field is corrected, and takes back an empty one', () => {
  const said = { ...previewOf().said, symbol: 'MSFT' };
  const job = ImportJob.of(previewOf({ said }));
  job.type('timeframe', '1w');
  expect(job.said(job.view()!)).toEqual({ ...said, timeframe: '1w' });
  job.type('symbol', '');
  job.type('timeframe', null);
  expect(job.said(job.view()!)).toEqual({ ...said, symbol: null });
});

const outside = {
  code: 'outside_hours',
  message: 'AAPL: 2 of 2 bars open while the market (New York) is closed. Look.',
};

it('says what speaks against a file that is ready', () => {
  const other = { code: 'no_volume', message: 'The file has no volume.' };
  expect(readyInWords(previewOf({ notes: [other] }))).toBe('Ready to import');
  const doubted = previewOf({ notes: [other, outside] });
  expect(readyInWords(doubted)).toBe(`Ready to import, but look at: ${outside.message}`);
  const missing = (bars: number, gaps: number, checked = true) =>
    readyInWords(previewOf({ found: [{ ...found!, bars, gaps }], checked }));
  expect(missing(100, 24)).toBe('Ready to import');
  expect(missing(100, 25, false)).toBe('Ready to import');
  expect(missing(100, 25)).toContain(
    'but look at: AAPL: 25 bars missing beside 100 bars. Look whether the market',
  );
  const both = { ...doubted, found: [{ ...found!, bars: 4, gaps: 4 }] };
  expect(readyInWords(both)).toContain('(and 1 more thing to look at)');
});

it('says in which zone times were read', () => {
  const zoned = (how: 'file' | 'guess') =>
    zoneInWords(previewOf({ understood: { timezone: { value: 'UTC', how } } }));
  expect(zoned('guess')).toBe('Times were read as UTC, as was assumed.');
  expect(zoned('file')).toBe('Each time in the file says its zone.');
  expect(zoneInWords(actionsOf())).toBe('');
});

it('says timeframes in words', () => {
  expect(['1m', '15m', '1h', '1d', '1mo', '7x'].map(timeframeInWords)).toEqual([
    '1 minute',
    '15 minutes',
    '1 hour',
    '1 day',
    '1 month',
    '7x',
  ]);
});
