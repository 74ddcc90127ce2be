import type { ImportView } from '@core/api';
import { actionsOf, previewOf } from './testing';
import { understoodRows } from './understood-rows';

const rowOf = (name: string, changes: Parameters<typeof previewOf>[0] = {}) =>
  understoodRows(previewOf(changes), MARKETS).find((row) => row.name === name)!;
const { understood, said } = previewOf();

const MARKETS = [
  { code: 'XNYS', name: 'New York Stock Exchange' },
  { code: '24/5 UTC', name: '24/5, days end 00:00 UTC' },
];

describe('what was understood', () => {
  it('says of each thing how it is known', () => {
    const hows = understoodRows(previewOf(), MARKETS).map(({ label, how }) => `${label}: ${how}`);
    expect(hows).toEqual([
      'Symbol: file',
      'Timeframe: file',
      'Times are in: guess',
      'A time names: guess',
      'Market: guess',
      'Adjusted: file',
      'Columns: file',
      'Written with: file',
    ]);
  });

  it('asks of a file of splits how prices stand, while they do not tell', () => {
    const rows = understoodRows(actionsOf(), []);
    expect(rows.map(({ label }) => label)).toEqual(['Symbol', 'Prices are', 'Columns']);
    const [, asked] = rows;
    expect([asked?.field, asked?.value, asked?.choices?.map(({ value }) => value)]).toEqual([
      'prices',
      '',
      ['', 'as_traded', 'adjusted'],
    ]);
  });

  it('says whether splits are taken from an adjusted close', () => {
    const wordsOf = (value: string) => {
      const adjusted = { value, how: 'file' } as const;
      return rowOf('adjusted', { understood: { ...understood, adjusted } }).value;
    };
    expect(['yes', 'not_used', 'no'].map(wordsOf)).toEqual([
      'Has an adjusted close: splits are taken from it',
      'Has an adjusted close, which is not used',
      'No adjusted close',
    ]);
  });

  it('does not ask where the jumps of prices tell', () => {
    const prices = { value: 'adjusted', how: 'file' } as const;
    const row = rowOf('prices', { understood: { ...understood, prices } });
    expect([row.field, row.value]).toEqual([null, 'Adjusted for splits already']);
    expect(rowOf('prices')).toBeUndefined();
  });

  it('asks of dates that do not tell whether they begin with the day or the month', () => {
    const asked = { field: 'date_order', message: '', remedy: '', line: 2, code: 'doubtful_dates' };
    const row = rowOf('date_order', { status: 'refused', problems: [asked] });
    expect(row.choices?.map(({ value }) => value)).toEqual(['', 'day_first', 'month_first']);
    expect(rowOf('date_order', { said: { ...said, date_order: 'day_first' } }).how).toBe('said');
    expect(rowOf('date_order')).toBeUndefined();
  });

  it('puts what the user said before what the file says', () => {
    const row = rowOf('timeframe', { said: { ...said, timeframe: '1w' } });
    expect([row.how, row.value, row.choices?.[0]?.label]).toEqual([
      'said',
      '1w',
      'As the file shows',
    ]);
  });

  it('lets nobody correct a symbol that stands in a column', () => {
    const columns = { value: 'symbol = symbol, date = date', how: 'file' } as const;
    expect(rowOf('symbol', { understood: { ...understood, columns } }).field).toBeNull();
    expect(rowOf('symbol').field).toBe('symbol');
    const ticker = { value: 'Ticker = symbol, date = date', how: 'file' } as const;
    expect(rowOf('symbol', { understood: { ...understood, columns: ticker } }).field).toBeNull();
  });

  it('lets nobody correct a zone that each time says', () => {
    const timezone = { value: 'UTC', how: 'file' } as const;
    const row = rowOf('timezone', { understood: { ...understood, timezone } });
    expect([row.field, row.value]).toEqual([null, 'Each time says its zone']);
  });

  it('names the market as people call it', () => {
    expect(rowOf('market').choices?.map(({ label }) => label)).toEqual([
      'New York Stock Exchange',
      'New York Stock Exchange',
      '24/5, days end 00:00 UTC',
    ]);
  });

  it('shows nothing of what was understood before a file was refused', () => {
    const rows = understoodRows(previewOf({ status: 'refused' }), MARKETS);
    expect(rows.map(({ how }) => how)).toEqual([null, null, null, null, null]);
    expect(rows[0]?.value).toBe('');
  });
});

describe('a symbol that nobody has said', () => {
  it('may be the one that the file is called by', () => {
    const refused = { status: 'refused', understood: {}, filename: 'BRK-B.csv' } as const;
    expect(rowOf('symbol', refused).suggestion).toBe('BRK-B');
    expect(rowOf('symbol').suggestion).toBeUndefined();
    const corrected = { ...refused, said: { ...said, symbol: 'MSFT' } };
    expect(rowOf('symbol', corrected).suggestion).toBeUndefined();
  });

  it('lets splits that only an adjusted close tells of be denied', () => {
    const [found] = previewOf().found;
    const split = { at: '2022-03-22', ratio: '5:4', origin: 'adjusted_close', use: 'applied' };
    const perSymbol = [{ ...found!, splits: [split] }] as ImportView['found'];
    const row = rowOf('prices', { found: perSymbol });
    expect([row.field, row.value, row.choices?.map(({ value }) => value)]).toEqual([
      'prices',
      '',
      ['', 'as_traded', 'adjusted'],
    ]);
    expect(rowOf('prices')).toBeUndefined();
    expect(rowOf('prices', { said: { ...said, prices: 'adjusted' } }).value).toBe('adjusted');
  });
});
