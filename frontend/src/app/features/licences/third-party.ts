import type { LicenceOut } from '@core/api';

/** Where the build leaves the licences of the packages in the browser app. */
export const THIRD_PARTY_FILE = '/3rdpartylicenses.txt';

export type Part = 'browser' | 'server';

/** A package that Kuber stands on. */
export interface Package {
  readonly part: Part;
  readonly name: string;
  readonly version: string;
  /** As an SPDX expression, or in the package's own words; null when it says nothing. */
  readonly licence: string | null;
  readonly homePage: string | null;
}

const BLOCK = /^-{80}\n(?=Package: )/m;
const FIELD = /^(Package|Version|License|Home page): (.*)$/;

/** Reads the build's file: a block for each package, fields first, its licence's text after them. */
export function parseThirdParty(content: string): Package[] {
  return content
    .split(BLOCK)
    .map((block) => fieldsOf(block))
    .filter((fields) => fields.has('Package'))
    .map((fields) => ({
      part: 'browser',
      name: fields.get('Package') ?? '',
      version: fields.get('Version') ?? '',
      licence: (fields.get('License') ?? '').replace(/^\((.*)\)$/, '$1') || null,
      homePage: fields.get('Home page') || null,
    }));
}

export function serverPackages(items: readonly LicenceOut[]): Package[] {
  return items.map(({ name, version, licence, home_page }) => ({
    part: 'server',
    name,
    version,
    licence,
    homePage: home_page,
  }));
}

/** The packages whose name or licence has `text` in it, of one part or of both, by name. */
export function choosePackages(
  packages: readonly Package[],
  text: string,
  part: Part | null,
): Package[] {
  const wanted = text.trim().toLowerCase();
  return packages
    .filter((item) => part === null || item.part === part)
    .filter((item) => `${item.name} ${item.licence ?? ''}`.toLowerCase().includes(wanted))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { sensitivity: 'base' }));
}

/** What a link says of where it leads: the address without protocol, path's end and www. */
export function placeOf(address: string): string {
  return address.replace(/^https?:\/\/(www\.)?/, '').replace(/[#?].*$|\/+$/g, '');
}

function fieldsOf(block: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const [, name, value] = FIELD.exec(line) ?? [];
    if (name === undefined || value === undefined) break;
    fields.set(name, value.trim());
  }
  return fields;
}
