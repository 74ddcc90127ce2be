import type { CalendarOut, ImportView, UnderstoodOut } from '@core/api';
import { type Field, holdsActions, timeframeInWords } from './import-words';
import { symbolInName } from './symbol-in-name';

/** What can be chosen for a field; an empty value lets the file say it. */
export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** One thing that is taken for true of a file. */
export interface UnderstoodRow {
  readonly name: string;
  readonly label: string;
  readonly how: UnderstoodOut['how'] | null;
  /** What is corrected here; null for what the file alone says. */
  readonly field: Field | null;
  /** What stands in the field, or is read. */
  readonly value: string;
  /** What the field says while it is empty. */
  readonly hint: string;
  /** Null for what is typed. */
  readonly choices: readonly Choice[] | null;
  /** What it may well be, for a person to agree to. */
  readonly suggestion?: string;
}

const TIMEFRAMES = [
  ...['1m', '2m', '3m', '5m', '10m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h'],
  ...['1d', '1w', '1mo'],
];
const LABELS: readonly Choice[] = [
  { value: 'open', label: 'The opening of its bar' },
  { value: 'close', label: 'The closing of its bar' },
];
const SEPARATORS: Readonly<Record<string, string>> = {
  comma: 'Commas',
  semicolon: 'Semicolons',
  tab: 'Tabs',
  bar: 'Bars',
};

/** What was understood of a file, row by row, with what can be corrected. */
export function understoodRows(
  view: ImportView,
  markets: readonly CalendarOut[],
): readonly UnderstoodRow[] {
  // What is kept of a refused file is what was understood before it was refused.
  const known = view.status === 'refused' ? {} : view.understood;
  if (holdsActions(view)) {
    return [
      symbol(view, known),
      ...dates(view, known),
      ...prices(view, known),
      told(known).find(isColumns),
    ].filter((row) => row !== undefined);
  }
  const rows = [symbol(view, known), timeframe(view, known), zone(view, known)];
  rows.push(
    ...dates(view, known),
    label(view, known),
    market(view, known, markets),
    ...prices(view, known),
  );
  return known['columns'] ? [...rows, ...told(known)] : rows;
}

type Known = Readonly<Record<string, UnderstoodOut | undefined>>;

function symbol({ said, filename }: ImportView, known: Known): UnderstoodRow {
  const found = known['symbol'];
  const inColumn = /(^|[ ,])symbol(,|$)/.test(known['columns']?.value ?? '');
  return {
    name: 'symbol',
    label: 'Symbol',
    how: said.symbol ? 'said' : (found?.how ?? null),
    field: inColumn ? null : 'symbol',
    value: (inColumn ? found?.value : (said.symbol ?? found?.value)) ?? '',
    hint: 'Such as AAPL or BTCUSDT',
    choices: null,
    ...(!said.symbol && !found ? { suggestion: symbolInName(filename) } : {}),
  };
}

function timeframe({ said }: ImportView, known: Known): UnderstoodRow {
  const found = known['timeframe'];
  const empty = said.timeframe || !found ? 'As the file shows' : timeframeInWords(found.value);
  return {
    name: 'timeframe',
    label: 'Timeframe',
    how: said.timeframe ? 'said' : (found?.how ?? null),
    field: 'timeframe',
    value: said.timeframe ?? '',
    hint: '',
    choices: [
      { value: '', label: empty },
      ...TIMEFRAMES.map((value) => ({ value, label: timeframeInWords(value) })),
    ],
  };
}

function zone({ said }: ImportView, known: Known): UnderstoodRow {
  const found = known['timezone'];
  const inFile = !said.timezone && found?.how === 'file';
  return {
    name: 'timezone',
    label: 'Times are in',
    how: said.timezone ? 'said' : (found?.how ?? null),
    field: inFile ? null : 'timezone',
    value: inFile ? 'Each time says its zone' : (said.timezone ?? found?.value ?? ''),
    hint: 'UTC',
    choices: null,
  };
}

const ORDERS: readonly Choice[] = [
  { value: 'day_first', label: 'The day: 31/01/2024' },
  { value: 'month_first', label: 'The month: 01/31/2024' },
];

/** What comes first in dates such as 03/04/2024: asked where the file does not tell. */
function dates({ said, problems }: ImportView, known: Known): UnderstoodRow[] {
  const found = known['date_order'];
  const asked = problems.some(({ field }) => field === 'date_order');
  if (!said.date_order && !asked) return [];
  return [
    {
      name: 'date_order',
      label: 'Dates begin with',
      how: said.date_order ? 'said' : (found?.how ?? null),
      field: 'date_order',
      value: said.date_order ?? '',
      hint: '',
      choices: [{ value: '', label: 'Not known yet' }, ...ORDERS],
    },
  ];
}

function label({ said }: ImportView, known: Known): UnderstoodRow {
  const found = known['label'];
  return {
    name: 'label',
    label: 'A time names',
    how: said.label ? 'said' : (found?.how ?? null),
    field: 'label',
    value: said.label ?? found?.value ?? 'open',
    hint: '',
    choices: LABELS,
  };
}

function market(
  { said }: ImportView,
  known: Known,
  markets: readonly CalendarOut[],
): UnderstoodRow {
  const found = known['market'];
  const names = new Map(markets.map(({ code, name }) => [code, name]));
  const bySymbol = found
    ? found.value
        .split(', ')
        .map((code) => names.get(code) ?? code)
        .join(', ')
    : 'By the symbol';
  return {
    name: 'market',
    label: 'Market',
    how: said.market ? 'said' : (found?.how ?? null),
    field: 'market',
    value: said.market ?? '',
    hint: '',
    choices: [
      { value: '', label: said.market ? 'By the symbol' : bySymbol },
      ...markets.map(({ code, name }) => ({ value: code, label: name })),
    ],
  };
}

const ADJUSTED: Readonly<Record<string, string>> = {
  yes: 'Has an adjusted close: splits are taken from it',
  not_used: 'Has an adjusted close, which is not used',
};
const BASES: Readonly<Record<string, string>> = {
  as_traded: 'As traded: they jump at splits',
  adjusted: 'Adjusted for splits already',
  both: 'As traded in some bars, adjusted in others',
};

/**
 * On which basis prices stand, where splits ask for it: a choice while the prices do not tell, and
 * where only an adjusted close tells of a split, which a special dividend may have moved.
 */
function prices({ said, found: perSymbol }: ImportView, known: Known): UnderstoodRow[] {
  const found = known['prices'] ?? byAdjustedClose(said.prices, perSymbol);
  if (!found) return [];
  const open = found.value === 'unknown' || found.how === 'said';
  const row = { name: 'prices', label: 'Prices are', how: found.how, hint: '' };
  if (!open) return [{ ...row, field: null, value: BASES[found.value] ?? '', choices: null }];
  return [
    {
      ...row,
      how: said.prices ? 'said' : null,
      field: 'prices',
      value: said.prices ?? '',
      choices: [
        { value: '', label: known['prices'] ? 'Not known yet' : 'As the adjusted close tells' },
        ...['as_traded', 'adjusted'].map((value) => ({ value, label: BASES[value] ?? value })),
      ],
    },
  ];
}

function byAdjustedClose(
  said: string | null | undefined,
  found: ImportView['found'],
): UnderstoodOut | null {
  const some = found.some(({ splits }) => splits.length > 0);
  return some || said ? { value: 'unknown', how: 'guess' } : null;
}

function isColumns({ name, value }: UnderstoodRow): boolean {
  return name === 'columns' && value !== '';
}

function told(known: Known): UnderstoodRow[] {
  const read = (name: string, title: string, value: string): UnderstoodRow => {
    const how = known[name]?.how ?? null;
    return { name, label: title, how, field: null, value, hint: '', choices: null };
  };
  const separator = known['separator']?.value ?? '';
  const decimals = known['decimals']?.value ?? 'point';
  return [
    read('adjusted', 'Adjusted', ADJUSTED[known['adjusted']?.value ?? ''] ?? 'No adjusted close'),
    read('columns', 'Columns', known['columns']?.value ?? ''),
    read(
      'separator',
      'Written with',
      `${SEPARATORS[separator] ?? separator} between values, decimal ${decimals}`,
    ),
  ];
}
