export const UTC = 'UTC';
const NEW_YORK = 'America/New_York';

/** The zone in which a market trades, of those that do not trade by UTC. */
const ZONES: Readonly<Record<string, string>> = {
  XNYS: NEW_YORK,
  '24/5': NEW_YORK,
  ASEX: 'Europe/Athens',
  BVMF: 'America/Sao_Paulo',
  CMES: 'America/Chicago',
  XAMS: 'Europe/Amsterdam',
  XASX: 'Australia/Sydney',
  XBKK: 'Asia/Bangkok',
  XBOM: 'Asia/Kolkata',
  XBRU: 'Europe/Brussels',
  XBUD: 'Europe/Budapest',
  XBUE: 'America/Argentina/Buenos_Aires',
  XCSE: 'Europe/Copenhagen',
  XDUB: 'Europe/Dublin',
  XDUS: 'Europe/Berlin',
  XETR: 'Europe/Berlin',
  XFRA: 'Europe/Berlin',
  XHAM: 'Europe/Berlin',
  XHEL: 'Europe/Helsinki',
  XHKG: 'Asia/Hong_Kong',
  XICE: 'Atlantic/Reykjavik',
  XIDX: 'Asia/Jakarta',
  XIST: 'Europe/Istanbul',
  XJSE: 'Africa/Johannesburg',
  XKLS: 'Asia/Kuala_Lumpur',
  XKRX: 'Asia/Seoul',
  XLIS: 'Europe/Lisbon',
  XLON: 'Europe/London',
  XMAD: 'Europe/Madrid',
  XMEX: 'America/Mexico_City',
  XMIL: 'Europe/Rome',
  XNZE: 'Pacific/Auckland',
  XOSL: 'Europe/Oslo',
  XPAR: 'Europe/Paris',
  XPRA: 'Europe/Prague',
  XSAU: 'Asia/Riyadh',
  XSES: 'Asia/Singapore',
  XSGO: 'America/Santiago',
  XSHG: 'Asia/Shanghai',
  XSTO: 'Europe/Stockholm',
  XSWX: 'Europe/Zurich',
  XTAE: 'Asia/Jerusalem',
  XTAI: 'Asia/Taipei',
  XTKS: 'Asia/Tokyo',
  XTSE: 'America/Toronto',
  XWAR: 'Europe/Warsaw',
  XWBO: 'Europe/Vienna',
};

/** The zone of a market, UTC of one that is not known. */
export function zoneOf(code: string | undefined): string {
  return ZONES[code ?? ''] ?? UTC;
}

/** The place that a zone is named for: `New York`. */
export function placeOf(zone: string): string {
  return (zone.split('/').at(-1) ?? zone).replaceAll('_', ' ');
}
