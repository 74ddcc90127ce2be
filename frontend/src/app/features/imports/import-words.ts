import type {
  Correction,
  DividendsOut,
  ImportView,
  SplitOut,
  SymbolFound,
  UnderstoodOut,
  Use,
} from '@core/api';
import type { ProblemError } from '@core/http/problem-error';
import type { Confirmation } from '@shared/confirm-dialog';
import { formatCount } from '@shared/format/numbers';
import { formatDate } from '@shared/format/times';
import type { Phase } from './import-job';
import { zoneOf } from './markets';

export type Field = keyof Correction;

interface Look {
  readonly label: string;
  readonly icon: string;
  /** A `--k-` variable without its prefix. */
  readonly colour: string;
}

export const PHASE_LOOKS: Readonly<Record<Phase, Look>> = {
  waiting: { label: 'Waiting', icon: 'schedule', colour: 'waiting' },
  sending: { label: 'Uploading', icon: 'upload', colour: 'running' },
  unsent: { label: 'Not uploaded', icon: 'error', colour: 'failed' },
  checking: { label: 'Still being checked', icon: 'progress_activity', colour: 'running' },
  previewed: { label: 'Ready to import', icon: 'task_alt', colour: 'running' },
  refused: { label: 'Needs a correction', icon: 'warning', colour: 'warning' },
  queued: { label: 'Waiting to be imported', icon: 'schedule', colour: 'waiting' },
  loading: { label: 'Importing', icon: 'progress_activity', colour: 'running' },
  done: { label: 'Imported', icon: 'check_circle', colour: 'done' },
  failed: { label: 'Not imported', icon: 'error', colour: 'failed' },
  undone: { label: 'Undone', icon: 'undo', colour: 'skipped' },
};

/** How something is known, in words. */
export const HOW_LOOKS: Readonly<Record<UnderstoodOut['how'], Look>> = {
  said: { label: 'You said so', icon: 'person', colour: 'running' },
  file: { label: 'From the file', icon: 'description', colour: 'waiting' },
  guess: { label: 'Assumed', icon: 'help', colour: 'warning' },
};

/** What becomes of a split. */
export const USE_LOOKS: Readonly<Record<Use, Look>> = {
  applied: { label: 'Applied', icon: 'check_circle', colour: 'done' },
  adjusted: { label: 'Prices are adjusted already', icon: 'done_all', colour: 'waiting' },
  undecided: { label: 'Not applied yet', icon: 'help', colour: 'warning' },
  within_bar: { label: 'Not applied: in the middle of a bar', icon: 'block', colour: 'warning' },
  outside: { label: 'No bars around it', icon: 'schedule', colour: 'waiting' },
};

const MOST_NAMED = 3;
const UNITS: Readonly<Record<string, string>> = {
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  mo: 'month',
};

/** `1d` as `1 day`, `15m` as `15 minutes`; what is no timeframe stays. */
export function timeframeInWords(timeframe: string): string {
  const [, count, unit = ''] = /^(\d+)([a-z]+)$/.exec(timeframe) ?? [];
  const word = UNITS[unit];
  if (!count || !word) return timeframe;
  return `${count} ${word}${count === '1' ? '' : 's'}`;
}

/** `AAPL`, `AAPL, MSFT and GOOG`, `AAPL, GOOG, MSFT and 9 more`. */
export function symbolsInWords(symbols: readonly string[]): string {
  const more = symbols.length - MOST_NAMED;
  if (more > 0) return `${symbols.slice(0, MOST_NAMED).join(', ')} and ${more} more`;
  return symbols.join(', ').replace(/, ([^,]*)$/, ' and $1');
}

/** `1 Jan 2023 to 1 Jan 2024`, by the days of the market. */
export function spanInWords(
  { from, to }: { readonly from: string | null; readonly to: string | null },
  market: string | undefined,
  zone = zoneOf(market),
): string {
  const [first, last] = [formatDate(from, zone), formatDate(to, zone)];
  return first === last ? first : `${first} to ${last}`;
}

/** A file of splits and dividends alone. */
export function holdsActions(view: ImportView): boolean {
  return view.timeframe === null && view.checked && view.found.length > 0;
}

/** `31 Aug 2020`, of a date without a time. */
export function dayInWords(day: string): string {
  return formatDate(`${day}T00:00:00Z`, 'UTC');
}

/** `12 dividends, 3 Feb 2015 to 1 Nov 2024`. */
export function dividendsInWords({ count, first, last }: DividendsOut): string {
  const days = first === last ? dayInWords(first) : `${dayInWords(first)} to ${dayInWords(last)}`;
  return `${counted(count, 'dividend')}, ${days}`;
}

/** `2 splits and 12 dividends of AAPL, 3 Feb 2015 to 1 Nov 2024`. */
function actionsInWords(view: ImportView): string {
  const splits = view.found.reduce((sum, one) => sum + one.splits.length, 0);
  const dividends = view.found.reduce((sum, one) => sum + (one.dividends?.count ?? 0), 0);
  const parts = [
    ...(splits ? [counted(splits, 'split')] : []),
    ...(dividends ? [counted(dividends, 'dividend')] : []),
  ];
  const span = spanInWords(view, undefined, 'UTC');
  return `${parts.join(' and ')} of ${symbolsInWords(view.symbols)}, ${span}`;
}

function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `525,600 bars of BTCUSDT, 1 Jan 2023 to 1 Jan 2024`; empty while nothing is known. */
export function barsInWords(view: ImportView): string {
  if (!view.symbols.length) return '';
  if (holdsActions(view)) return actionsInWords(view);
  const symbols = symbolsInWords(view.symbols);
  const span = view.from ? `, ${spanInWords(view, view.found[0]?.market)}` : '';
  if (!view.bars) return `${symbols}${span}`;
  return `${formatCount(view.bars)} ${view.bars === 1 ? 'bar' : 'bars'} of ${symbols}${span}`;
}

/** What asks before an import is undone: what goes, and what comes back. */
export function undoQuestion(view: ImportView): Confirmation {
  return {
    title: 'Undo this import?',
    text:
      `${barsInWords(view)} are taken out again. What they had replaced comes back: the bars of an ` +
      'earlier import, or else the sample or your provider. Runs that used them keep their results.',
    action: 'Undo import',
  };
}

/** What asks before the work on an import is given up. */
export function stopQuestion(view: ImportView): Confirmation {
  return {
    title: 'Stop this import?',
    text: `Nothing of ${view.filename} is stored then. To import it later, choose the file again.`,
    action: 'Stop import',
  };
}

export function gapsInWords(found: SymbolFound, checked: boolean): string {
  if (!checked) return 'Not counted yet';
  if (!found.gaps) return 'None';
  return found.gaps === 1 ? '1 bar missing' : `${formatCount(found.gaps)} bars missing`;
}

export function splitsInWords(found: SymbolFound, checked: boolean): string {
  if (!checked) return 'Not looked for yet';
  return (
    found.splits.map((one) => `${one.ratio} on ${splitDay(one, found.market)}`).join(', ') || 'None'
  );
}

/** The day of a split: its ex-date, else that of its first bar where the market is. */
export function splitDay({ at, ex_date: day }: SplitOut, market: string | undefined): string {
  return day ? dayInWords(day) : formatDate(at, zoneOf(market));
}

/** What each field of a card is called. */
const FIELD_NAMES: Readonly<Record<Field, string>> = {
  symbol: 'Symbol',
  timeframe: 'Timeframe',
  timezone: 'Times are in',
  label: 'A time names',
  market: 'Market',
  prices: 'Prices are',
  date_order: 'Dates begin with',
};

/** What is to be put right before a file can be imported as it stands on its card. */
export function faultInWords(fault: ProblemError): string {
  if (fault.passes) return 'What you changed has not arrived';
  const names = Object.entries(FIELD_NAMES)
    .filter(([field]) => fault.forField(field) !== null)
    .map(([, name]) => `“${name}”`);
  return names.length
    ? `Needs a correction: put right ${names.join(' and ')}`
    : 'Needs a correction: what you changed was not taken';
}

/** Notes that speak against what is assumed of a file. */
const DOUBTS: ReadonlySet<string> = new Set(['outside_hours']);
/** From this share of its bars on, missing ones speak against the zone or the market. */
const MANY_MISSING = 0.25;

/** What speaks against importing a file as it is understood, in sentences. */
export function doubtsOf({ notes, found, checked }: ImportView): readonly string[] {
  const told = notes.filter(({ code }) => DOUBTS.has(code)).map(({ message }) => message);
  const many = found.filter(({ bars, gaps }) => checked && bars && gaps >= bars * MANY_MISSING);
  const missing = many.map((one) => {
    const missed = gapsInWords(one, checked);
    return `${one.symbol}: ${missed} beside ${counted(one.bars, 'bar')}. Look whether the market and the zone of the times are right.`;
  });
  return [...told, ...missing];
}

/** `Ready to import`, and what to look at before. */
export function readyInWords(view: ImportView): string {
  const ready = PHASE_LOOKS.previewed.label;
  const [first, ...more] = doubtsOf(view);
  if (!first) return ready;
  const others = more.length ? ` (and ${counted(more.length, 'more thing')} to look at)` : '';
  return `${ready}, but look at: ${first}${others}`;
}

/** In which zone the times of a file were read, and who says so; empty where it has none. */
export function zoneInWords({ said, understood }: ImportView): string {
  const found = understood['timezone'];
  const zone = said.timezone ?? found?.value;
  if (!zone) return '';
  if (said.timezone) return `Times were read as ${zone}, as you said.`;
  return found?.how === 'file'
    ? 'Each time in the file says its zone.'
    : `Times were read as ${zone}, as was assumed.`;
}
