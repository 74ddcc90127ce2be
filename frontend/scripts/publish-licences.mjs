/**
 * Puts the licences of the packages in the browser app among its files, after `ng build`.
 *
 * The build extracts the licence of each package that it bundles, but neither its version nor its
 * home page, and nothing of fonts and styles. This script completes that, for the licences page.
 *
 * Usage: node scripts/publish-licences.mjs
 */
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const RULE = '-'.repeat(80);
const BUILT = 'dist/kuber';
const FILE = '3rdpartylicenses.txt';

/** What the build extracted, as text by package name. */
function extracted(content) {
  const texts = new Map();
  for (const part of content.split(new RegExp(`^${RULE}\\n(?=Package: )`, 'm')).slice(1)) {
    const [, name, rest] = /^Package: (.+)\n([^]*)$/.exec(part);
    const text = rest.slice(rest.indexOf('\n\n') + 2);
    texts.set(name, text.replace(new RegExp(`\\n?${RULE}\\s*$`), '').trim());
  }
  return texts;
}

/** The licence files of an installed package, as one text. */
function licenceFiles(folder) {
  const names = readdirSync(folder).filter((name) => /^(licen[cs]e|notice)/i.test(name));
  return names
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8').trim())
    .join('\n\n');
}

function block(name, text) {
  const folder = join('node_modules', name);
  const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const repository = about.repository?.url ?? about.repository;
  const page = about.homepage ?? repository?.replace(/^git\+/, '').replace(/\.git$/, '');
  return [
    RULE,
    `Package: ${name}`,
    `Version: ${about.version}`,
    `License: ${about.license}`,
    `Home page: ${/^https?:/.test(page ?? '') ? page : ''}`,
    '',
    text || licenceFiles(folder),
    '',
  ].join('\n');
}

const source = join(BUILT, FILE);
const target = join(BUILT, 'browser', FILE);
if (!existsSync(source)) throw new Error(`${source} is missing: run "npm run build"`);
const texts = extracted(readFileSync(source, 'utf8'));
const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const names = [...new Set([...texts.keys(), ...Object.keys(dependencies)])].sort();
writeFileSync(target, names.map((name) => block(name, texts.get(name))).join('\n'));
rmSync(source);
console.log(`${target}: ${names.length} packages`);
