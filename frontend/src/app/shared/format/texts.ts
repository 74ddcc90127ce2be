import { formatCount } from './numbers';
import { formatDate, formatDateTime, zoneInWords } from './times';

const LONGEST_NAME = 40;
/** A moment as the server writes it into a sentence. */
const MOMENT = /\b(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?::\d\d)?(?:\.\d+)?(?: UTC\b|Z\b|\+00:00)/g;
const DAY = /\b\d{4}-\d\d-\d\d\b(?![T\d-])/g;
/** The places of entries that a sentence names. */
const PLACES = /\bplaces? \d+(?:(?: to |, | and | of )\d+)*/g;
const LONG_NUMBER = /\d{4,}/g;

export interface TimesIn {
  /** Else the viewer's. */
  readonly timeZone?: string;
  /** Whether each moment names the zone, where the page does not. */
  readonly named?: boolean;
}

/**
 * A sentence of the server in the form of this page: moments as `14 May 2009, 21:00` in the viewer's
 * zone, days as `14 May 2009`, digits of places grouped.
 */
export function readableText(text: string, { timeZone, named = false }: TimesIn = {}): string {
  const zone = named ? ` ${zoneInWords(timeZone)}` : '';
  return text
    .replaceAll(MOMENT, (all, day: string, time: string) =>
      known(all, `${day}T${time}:00Z`, (iso) => formatDateTime(iso, timeZone) + zone),
    )
    .replaceAll(DAY, (all) => known(all, `${all}T00:00:00Z`, (iso) => formatDate(iso, 'UTC')))
    .replaceAll(PLACES, (all) => all.replaceAll(LONG_NUMBER, (digits) => formatCount(digits)));
}

/** What looks like a date and is none stays. */
function known(text: string, iso: string, format: (iso: string) => string): string {
  return Number.isNaN(Date.parse(iso)) ? text : format(iso);
}

/** A sentence with a long `name` in it cut, so that what is said of it stays in sight. */
export function withShortName(sentence: string, name: string | null | undefined): string {
  return name ? sentence.replace(name, () => shortName(name)) : sentence;
}

/** A name, cut to what a sentence has room for. */
export function shortName(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1).trimEnd()}…`;
}
