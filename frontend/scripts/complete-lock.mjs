/**
 * Completes package-lock.json for `npm ci`.
 *
 * A registry mirror may lack the optional platform builds of a package (esbuild, rollup, ...). npm then
 * leaves them out of the lock file, and `npm ci` on any machine refuses it. This script adds an entry,
 * bound to its platform, for each one missing, and removes registry addresses from all entries.
 *
 * Usage: node scripts/complete-lock.mjs [package-lock.json]
 */
import { readFileSync, writeFileSync } from 'node:fs';

const PLATFORM =
  /(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)-(arm64|arm|ia32|loong64|mips64el|ppc64|riscv64|s390x|x64)/;
const EXACT_VERSION = /^\d/;

/** Whether `name` resolves from the package at `location`, by node's upward search. */
function isInstalled(packages, location, name) {
  for (let base = location; ; base = parentOf(base)) {
    const candidate = `${base ? `${base}/` : ''}node_modules/${name}`;
    if (packages[candidate]) return true;
    if (!base) return false;
  }
}

function parentOf(location) {
  const cut = location.lastIndexOf('/node_modules/');
  return cut < 0 ? '' : location.slice(0, cut);
}

function stubFor(name, version, owner) {
  const platform = PLATFORM.exec(name);
  const limits = platform ? { os: [platform[1]], cpu: [platform[2]] } : { cpu: ['wasm32'] };
  return { version, ...(owner.dev ? { dev: true } : {}), optional: true, ...limits };
}

function missingStubs(packages) {
  const stubs = {};
  for (const [location, owner] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      if (!EXACT_VERSION.test(version) || isInstalled(packages, location, name)) continue;
      stubs[`node_modules/${name}`] = stubFor(name, version, owner);
    }
  }
  return stubs;
}

const file = process.argv[2] ?? 'package-lock.json';
const lock = JSON.parse(readFileSync(file, 'utf8'));
const stubs = missingStubs(lock.packages);
const entries = Object.entries({ ...lock.packages, ...stubs });
for (const [, entry] of entries) delete entry.resolved;
lock.packages = Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${file}: ${Object.keys(stubs).length} platform entries added`);
