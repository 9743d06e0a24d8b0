/**
 * Completes package-lock.json: `node scripts/completeLock.ts`, after an `npm install` that changed it. npm leaves out an optional
 * package (the native part of a tool for another platform) whose version the registry in use does not carry, and `npm ci` then
 * refuses the whole file. An entry without `integrity` is enough: npm skips what does not fit the platform.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface LockEntry {
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Absent {
  readonly name: string;
  readonly version: string;
  readonly dev: boolean;
}

const LOCK = new URL('../package-lock.json', import.meta.url);
const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const PROCESSORS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:arm64|aarch64)\b/, 'arm64'],
  [/\barm(?:v7)?\b/, 'arm'],
  ...['x64', 'ia32', 'ppc64', 'riscv64', 's390x'].map((name) => [new RegExp(`\\b${name}\\b`), name] as const),
];

/** Optional packages that an entry asks for and that have none. `packages` is the part of that name of a lock file. */
export function absentOptional(packages: Readonly<Record<string, LockEntry>>): Absent[] {
  return Object.entries(packages).flatMap(([path, { dev = false, optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !foldersAbove(path).some((folder) => packages[`${folder}node_modules/${name}`]))
      .map(([name, version]) => ({ name, version, dev })),
  );
}

/** Where a package at `path` looks for others: `a/node_modules/b/`, `a/`, the root. */
function foldersAbove(path: string): string[] {
  const parts = path.split('node_modules/').slice(1);
  return Array.from({ length: parts.length + 1 }, (_, i) =>
    parts
      .slice(0, i)
      .map((part) => `node_modules/${part.replace(/\/?$/, '/')}`)
      .join(''),
  );
}

function entryOf({ name, version, dev }: Absent): Record<string, unknown> {
  const system = SYSTEMS.find((one) => name.includes(one));
  const processor = PROCESSORS.find(([pattern]) => pattern.test(name))?.[1];
  if (system === undefined || processor === undefined || !/^\d/.test(version)) {
    throw new Error(`${name}@${version} is absent from package-lock.json, and its name tells no platform`);
  }
  return { version, cpu: [processor], ...(dev ? { dev } : {}), optional: true, os: [system] };
}

if (import.meta.main) {
  const lock = JSON.parse(readFileSync(LOCK, 'utf8')) as { packages: Record<string, LockEntry> };
  const absent = absentOptional(lock.packages);
  for (const one of absent) lock.packages[`node_modules/${one.name}`] = entryOf(one);
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  writeFileSync(LOCK, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, undefined, 2)}\n`);
  console.log(`${absent.length} packages of other platforms added to package-lock.json`);
}
