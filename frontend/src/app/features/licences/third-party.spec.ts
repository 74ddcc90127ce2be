import {
  choosePackages,
  type Package,
  parseThirdParty,
  placeOf,
  serverPackages,
} from './third-party';

const RULE = '-'.repeat(80);
const FILE = `${RULE}
Package: dompurify
Version: 3.4.18
License: (MPL-2.0 OR Apache-2.0)
Home page: https://github.com/cure53/DOMPurify

Mozilla Public License
${RULE}
Version: 9 of a text that looks like a field

${RULE}
Package: @fontsource-variable/roboto
Version: 5.3.0
License: OFL-1.1
Home page: 

`;

function named(name: string, licence: string | null, part: Package['part'] = 'server'): Package {
  return { part, name, version: '1', licence, homePage: null };
}

describe('the build’s file of licences', () => {
  it('gives name, version, licence and home page of each package', () => {
    expect(parseThirdParty(FILE)).toEqual([
      {
        part: 'browser',
        name: 'dompurify',
        version: '3.4.18',
        licence: 'MPL-2.0 OR Apache-2.0',
        homePage: 'https://github.com/cure53/DOMPurify',
      },
      {
        part: 'browser',
        name: '@fontsource-variable/roboto',
        version: '5.3.0',
        licence: 'OFL-1.1',
        homePage: null,
      },
    ]);
  });

  it('gives nothing when it is another text, such as an error page', () => {
    expect(parseThirdParty('<!doctype html>')).toEqual([]);
  });
});

describe('the list', () => {
  const all = [named('zod', 'MIT', 'browser'), named('Mako', 'MIT'), named('aiohttp', null)];

  it('is sorted by name whatever its case', () => {
    expect(choosePackages(all, '', null).map((item) => item.name)).toEqual([
      'aiohttp',
      'Mako',
      'zod',
    ]);
  });

  it('is searched by name and by licence, within a part when one is chosen', () => {
    expect(choosePackages(all, ' mA ', null).map((item) => item.name)).toEqual(['Mako']);
    expect(choosePackages(all, 'mit', 'browser').map((item) => item.name)).toEqual(['zod']);
  });

  it('takes what the server tells as it is', () => {
    const told = { name: 'uv', version: '1', licence: 'MIT', home_page: 'https://x.org' };
    expect(serverPackages([told])).toEqual([
      { part: 'server', name: 'uv', version: '1', licence: 'MIT', homePage: 'https://x.org' },
    ]);
  });
});

describe('the name of a link', () => {
  it('is the address without what everybody knows', () => {
    expect(placeOf('https://www.pola.rs/')).toBe('pola.rs');
    expect(placeOf('https://github.com/angular/components#readme')).toBe(
      'github.com/angular/components',
    );
  });
});
