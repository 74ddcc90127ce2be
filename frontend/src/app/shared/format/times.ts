const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NONE = '–';
const UTC: ReadonlySet<string> = new Set(['UTC', 'Etc/UTC', 'GMT', 'Etc/GMT']);

const DATE_TIME: Intl.DateTimeFormatOptions = {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hour12: false,
};

/** `21 Nov 2026, 09:30` in the viewer's zone, or in `timeZone`. */
export function formatDateTime(iso: string | null | undefined, timeZone?: string): string {
  return iso ? print(iso, { ...DATE_TIME, timeZone }) : NONE;
}

/** `21 Nov 2026` in the viewer's zone, or in `timeZone`. */
export function formatDate(iso: string | null | undefined, timeZone?: string): string {
  const options = { day: 'numeric', month: 'short', year: 'numeric', timeZone } as const;
  return iso ? print(iso, options) : NONE;
}

/** The exact time with seconds and zone, for a tooltip. */
export function formatExact(iso: string, timeZone?: string): string {
  const options = { ...DATE_TIME, second: '2-digit', timeZoneName: 'short', timeZone } as const;
  return print(iso, options);
}

/** The zone in words, `New York time` or `UTC`: the viewer's, or that of `timeZone`. */
export function zoneInWords(
  timeZone: string = new Intl.DateTimeFormat().resolvedOptions().timeZone,
): string {
  if (UTC.has(timeZone)) return 'UTC';
  return `${timeZone.slice(timeZone.lastIndexOf('/') + 1).replaceAll('_', ' ')} time`;
}

/** A moment in the form of a local date and time field, to the minute; empty when it is none. */
export function localMoment(iso: string): string {
  const moment = new Date(iso);
  if (Number.isNaN(moment.getTime())) return '';
  const local = new Date(moment.getTime() - moment.getTimezoneOffset() * MINUTE_MS);
  return local.toISOString().slice(0, 16);
}

/**
 * `09:30:05` on the day itself, `20 Nov, 09:30` in the same year, else `20 Nov 2025, 09:30`; in the
 * viewer's zone, or in `timeZone`.
 */
export function formatClock(
  iso: string | null | undefined,
  nowMs: number = Date.now(),
  timeZone?: string,
): string {
  if (!iso) return NONE;
  const time = { hour: '2-digit', minute: '2-digit', hour12: false, timeZone } as const;
  const [day, today] = [
    formatDate(iso, timeZone),
    formatDate(new Date(nowMs).toISOString(), timeZone),
  ];
  if (day === today) return print(iso, { ...time, second: '2-digit' });
  if (day.slice(-4) !== today.slice(-4)) return formatDateTime(iso, timeZone);
  return print(iso, { ...time, day: 'numeric', month: 'short' });
}

/** `just now`, `3 min ago`, `5 h ago`, `2 days ago`; older than a week, the date. */
export function formatAgo(iso: string | null | undefined, nowMs: number = Date.now()): string {
  if (!iso) return NONE;
  const age = nowMs - Date.parse(iso);
  if (age < MINUTE_MS) return 'just now';
  if (age < HOUR_MS) return `${Math.floor(age / MINUTE_MS)} min ago`;
  if (age < DAY_MS) return `${Math.floor(age / HOUR_MS)} h ago`;
  const days = Math.floor(age / DAY_MS);
  if (days > 7) return formatDate(iso);
  return days === 1 ? 'yesterday' : `${days} days ago`;
}

/** How old something is: `12 s old`, `3 min old`, `2 h old`, `4 days old`. */
export function formatAge(iso: string, nowMs: number = Date.now()): string {
  const ms = Math.max(0, nowMs - Date.parse(iso));
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s old`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min old`;
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)} h old`;
  return `${Math.floor(ms / DAY_MS)} days old`;
}

/** A duration in ms as `<1 ms`, `12 ms`, `1.4 s`, `2 min 5 s` or `1 h 3 min`. */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NONE;
  if (ms < 1) return '<1 ms';
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`;
  if (ms < MINUTE_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  if (ms < HOUR_MS) return two(ms, MINUTE_MS, 'min', SECOND_MS, 's');
  return two(ms, HOUR_MS, 'h', MINUTE_MS, 'min');
}

function two(ms: number, bigMs: number, big: string, smallMs: number, small: string): string {
  const rest = Math.floor((ms % bigMs) / smallMs);
  return `${Math.floor(ms / bigMs)} ${big}${rest ? ` ${rest} ${small}` : ''}`;
}

/** British English alone shortens September to four letters. */
function print(iso: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat('en-GB', options).format(new Date(iso)).replace('Sept', 'Sep');
}
