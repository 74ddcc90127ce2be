/** How a pipeline starts, and what each way still needs before it can be switched on. */

export interface ManualStart {
  readonly kind: 'manual';
}

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];
const WORKDAYS: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri'];

/** Hours in which a schedule is due; they last over midnight when they end before they begin. */
export interface Hours {
  /** "09:30" */
  readonly from: string;
  /** "16:00"; "24:00" is the end of the day. */
  readonly to: string;
  readonly days: readonly Weekday[];
}

export const USUAL_HOURS: Hours = { from: '09:30', to: '16:00', days: WORKDAYS };

export interface PeriodicStart {
  readonly kind: 'periodic';
  readonly every_minutes: number;
  readonly market_hours_only: boolean;
  /** A zone of the IANA list. */
  readonly timezone: string;
  readonly symbols: readonly string[];
  /** null: at any hour. */
  readonly window: Hours | null;
  /** Starts again when its last run has ended; `every_minutes` is the wait after one that failed. */
  readonly continuous: boolean;
}

export const DIRECTIONS = ['BULLISH', 'BEARISH', 'NEUTRAL', 'FLAT'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** FLAT says to leave a position: nobody enters one for it without having asked. */
export const USUAL_DIRECTIONS: readonly Direction[] = ['BULLISH', 'BEARISH', 'NEUTRAL'];

export interface Subscribed {
  readonly signal_type: string;
  /** From 0 to 100. */
  readonly min_confidence: number;
  /** Which way the signals point, in the order of `DIRECTIONS`. */
  readonly directions: readonly Direction[];
}

export interface SignalStart {
  readonly kind: 'signal';
  readonly scanner_id: string | null;
  readonly subscriptions: readonly Subscribed[];
  readonly market_hours_only: boolean;
}

/**
 * A change to what is there when it is applied. A field that sent a whole trigger would undo what
 * another field had changed since it was last drawn.
 */
export type Edit<T> = (current: T) => T;

export type Start = ManualStart | PeriodicStart | SignalStart;
export type StartKind = Start['kind'];

/** A trigger as the server sends it: what is at its default may be absent. */
export type ApiTrigger =
  | { readonly kind?: 'manual' }
  | ({ readonly kind: 'periodic'; readonly window?: Partial<Hours> | null } & Partial<
      Omit<PeriodicStart, 'kind' | 'window'>
    >)
  | {
      readonly kind: 'signal';
      readonly scanner_id?: string | null;
      readonly subscriptions?: readonly {
        signal_type: string;
        min_confidence?: number;
        directions?: readonly Direction[];
      }[];
      readonly market_hours_only?: boolean;
    };

export const DEFAULT_MINUTES = 5;
export const DEFAULT_CONFIDENCE = 70;

/** The trigger with every default filled in. */
export function readTrigger(trigger: ApiTrigger): Start {
  switch (trigger.kind) {
    case 'periodic':
      return {
        kind: 'periodic',
        every_minutes: trigger.every_minutes ?? DEFAULT_MINUTES,
        market_hours_only: trigger.market_hours_only ?? true,
        timezone: trigger.timezone ?? 'UTC',
        symbols: trigger.symbols ?? [],
        window: trigger.window
          ? { from: '00:00', to: '24:00', days: WEEKDAYS, ...trigger.window }
          : null,
        continuous: trigger.continuous ?? false,
      };
    case 'signal':
      return {
        kind: 'signal',
        scanner_id: trigger.scanner_id ?? null,
        subscriptions: (trigger.subscriptions ?? []).map((item) => ({
          signal_type: item.signal_type,
          min_confidence: item.min_confidence ?? 0,
          directions: item.directions ?? USUAL_DIRECTIONS,
        })),
        market_hours_only: trigger.market_hours_only ?? false,
      };
    default:
      return { kind: 'manual' };
  }
}

/** The same subscriptions in lists that the client may write to. */
export function writableSubscriptions(
  subscriptions: readonly Subscribed[],
): (Omit<Subscribed, 'directions'> & { directions: Direction[] })[] {
  return subscriptions.map((item) => ({ ...item, directions: [...item.directions] }));
}

/** A first version of another way to start; `timezone` is the viewer's. */
export function newStart(kind: StartKind, timezone: string): Start {
  if (kind === 'periodic') return { ...(readTrigger({ kind }) as PeriodicStart), timezone };
  return readTrigger({ kind });
}

/** What is missing before the pipeline can be switched on, in words; empty when nothing is. */
export function startGap(start: Start): string {
  if (start.kind === 'periodic' && !start.symbols.length) return 'Name at least one symbol.';
  if (start.kind !== 'signal') return '';
  if (!start.scanner_id) return 'Choose a scanner.';
  return start.subscriptions.length ? '' : 'Subscribe to at least one signal type.';
}

/** "Mon–Fri, 09:30–16:00", "Sat, Sun", "22:00–06:00"; '' when it is no limit. */
export function hoursInWords({ from, to, days }: Hours): string {
  const parts: string[] = [];
  if (days.length < WEEKDAYS.length)
    parts.push(
      sameDays(days, WORKDAYS) ? 'Mon–Fri' : days.map((day) => capitalised(day)).join(', '),
    );
  if (from !== '00:00' || to !== '24:00') parts.push(`${from}–${to}`);
  return parts.join(', ');
}

function sameDays(a: readonly Weekday[], b: readonly Weekday[]): boolean {
  return a.length === b.length && a.every((day) => b.includes(day));
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function sameStart(a: Start | null, b: Start | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** "In the last 30 days this would have started 14 runs." */
export function previewInWords({ days, runs }: { days: number; runs: number }): string {
  const span = `In the last ${days} days this would have started`;
  return runs === 1 ? `${span} 1 run.` : `${span} ${runs ? runs : 'no'} runs.`;
}

/** What the count stands on: on a new installation there is little to count yet. */
export function recordedInWords(preview: {
  days: number;
  recorded: number;
  by_type: readonly unknown[];
}): string {
  const { days, recorded, by_type } = preview;
  const types = by_type.length === 1 ? 'this type' : 'these types';
  const span = `in the last ${days} days`;
  if (!recorded)
    return `Kuber has recorded no signal of ${types} ${span}: there is nothing to count yet.`;
  const signals = recorded === 1 ? '1 signal' : `${recorded} signals`;
  return `Kuber has recorded ${signals} of ${types} ${span}.`;
}

export interface TypeCount {
  /** Signals on tickers of the scanner; the next two say why some of them start nothing. */
  readonly signals: number;
  readonly below_threshold: number;
  readonly market_closed: number;
  readonly tier_allows: boolean;
  readonly runs: number;
}

/** "2 of 9 on its tickers: 4 not sure enough, 3 while the market was closed". */
export function countInWords(count: TypeCount): string {
  if (!count.tier_allows) return 'not part of your plan';
  const left = [
    ...(count.below_threshold ? [`${count.below_threshold} not sure enough`] : []),
    ...(count.market_closed ? [`${count.market_closed} while the market was closed`] : []),
  ];
  const of = count.signals
    ? `${count.runs} of ${count.signals} on its tickers`
    : 'none on its tickers';
  return left.length ? `${of}: ${left.join(', ')}` : of;
}
