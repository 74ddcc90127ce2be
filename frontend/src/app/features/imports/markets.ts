/** A market whose sessions the server knows. */
export interface Market {
  /** As the API names it. */
  readonly code: string;
  readonly name: string;
  /** The zone in which it trades. */
  readonly zone: string;
}

export const UTC = 'UTC';
const NEW_YORK = 'America/New_York';

const ROWS: readonly (readonly [string, string, string])[] = [
  ['XNYS', 'New York Stock Exchange', NEW_YORK],
  ['24/5', 'Currencies, 24/5', NEW_YORK],
  ['24/7', 'Crypto, 24/7', UTC],
  ['ASEX', 'Athens Stock Exchange', 'Europe/Athens'],
  ['BVMF', 'B3, São Paulo', 'America/Sao_Paulo'],
  ['XAMS', 'Euronext Amsterdam', 'Europe/Amsterdam'],
  ['XASX', 'Australian Securities Exchange', 'Australia/Sydney'],
  ['XBKK', 'Stock Exchange of Thailand', 'Asia/Bangkok'],
  ['XBOM', 'BSE and NSE, Mumbai', 'Asia/Kolkata'],
  ['XBRU', 'Euronext Brussels', 'Europe/Brussels'],
  ['XBUD', 'Budapest Stock Exchange', 'Europe/Budapest'],
  ['XBUE', 'Buenos Aires Stock Exchange', 'America/Argentina/Buenos_Aires'],
  ['XCSE', 'Nasdaq Copenhagen', 'Europe/Copenhagen'],
  ['XDUB', 'Euronext Dublin', 'Europe/Dublin'],
  ['XDUS', 'Düsseldorf Stock Exchange', 'Europe/Berlin'],
  ['XETR', 'Xetra, Frankfurt', 'Europe/Berlin'],
  ['XFRA', 'Frankfurt Stock Exchange', 'Europe/Berlin'],
  ['XHAM', 'Hamburg Stock Exchange', 'Europe/Berlin'],
  ['XHEL', 'Nasdaq Helsinki', 'Europe/Helsinki'],
  ['XHKG', 'Hong Kong Stock Exchange', 'Asia/Hong_Kong'],
  ['XICE', 'Nasdaq Iceland', 'Atlantic/Reykjavik'],
  ['XIDX', 'Indonesia Stock Exchange', 'Asia/Jakarta'],
  ['XIST', 'Borsa Istanbul', 'Europe/Istanbul'],
  ['XJSE', 'Johannesburg Stock Exchange', 'Africa/Johannesburg'],
  ['XKLS', 'Bursa Malaysia', 'Asia/Kuala_Lumpur'],
  ['XKRX', 'Korea Exchange', 'Asia/Seoul'],
  ['XLIS', 'Euronext Lisbon', 'Europe/Lisbon'],
  ['XLON', 'London Stock Exchange', 'Europe/London'],
  ['XMAD', 'Madrid Stock Exchange', 'Europe/Madrid'],
  ['XMEX', 'Mexican Stock Exchange', 'America/Mexico_City'],
  ['XMIL', 'Borsa Italiana, Milan', 'Europe/Rome'],
  ['XNZE', 'New Zealand Exchange', 'Pacific/Auckland'],
  ['XOSL', 'Oslo Stock Exchange', 'Europe/Oslo'],
  ['XPAR', 'Euronext Paris', 'Europe/Paris'],
  ['XPRA', 'Prague Stock Exchange', 'Europe/Prague'],
  ['XSAU', 'Saudi Exchange', 'Asia/Riyadh'],
  ['XSES', 'Singapore Exchange', 'Asia/Singapore'],
  ['XSGO', 'Santiago Stock Exchange', 'America/Santiago'],
  ['XSHG', 'Shanghai and Shenzhen Stock Exchanges', 'Asia/Shanghai'],
  ['XSTO', 'Nasdaq Stockholm', 'Europe/Stockholm'],
  ['XSWX', 'SIX Swiss Exchange', 'Europe/Zurich'],
  ['XTAE', 'Tel Aviv Stock Exchange', 'Asia/Jerusalem'],
  ['XTAI', 'Taiwan Stock Exchange', 'Asia/Taipei'],
  ['XTKS', 'Tokyo Stock Exchange', 'Asia/Tokyo'],
  ['XTSE', 'Toronto Stock Exchange', 'America/Toronto'],
  ['XWAR', 'Warsaw Stock Exchange', 'Europe/Warsaw'],
  ['XWBO', 'Vienna Stock Exchange', 'Europe/Vienna'],
];

/** The most used first, then what trades through the night, then by code. */
export const MARKETS: readonly Market[] = ROWS.map(([code, name, zone]) => ({ code, name, zone }));

const BY_CODE = new Map(MARKETS.map((market) => [market.code, market]));

/** What people call a market; its code where nobody gave it a name. */
export function marketName(code: string): string {
  return BY_CODE.get(code)?.name ?? code;
}

/** The zone of a market, UTC of one that is not known. */
export function zoneOf(code: string | undefined): string {
  return BY_CODE.get(code ?? '')?.zone ?? UTC;
}

/** The place that a zone is named for: `New York`. */
export function placeOf(zone: string): string {
  return (zone.split('/').at(-1) ?? zone).replaceAll('_', ' ');
}
