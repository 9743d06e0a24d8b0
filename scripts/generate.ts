/**
 * Writes src/gen from proto/ with buf and ts-proto (buf.gen.yaml). `--check` fails when src/gen is not what proto/ says
 * instead. Needs no network.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const TARGET = join(ROOT, 'src/gen');

/** ts-proto copies each message once more when it makes a Buffer of it; this wraps the bytes instead. */
const COPY = /Buffer\.from\((\w+)\.encode\(value\)\.finish\(\)\)/g;
const WRAP = 'asBuffer($1.encode(value).finish())';
const AS_BUFFER = `
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
`;

/** Contents by path below src/gen. */
type Files = ReadonlyMap<string, string>;

export function generate(check: boolean): void {
  const wanted = generated();
  if (wanted.size === 0) throw new Error('proto/ gave no file: nothing was generated');
  const found = filesBelow(TARGET);
  const stale = [...found.keys()].filter((path) => !wanted.has(path));
  const changed = [...wanted.keys()].filter((path) => found.get(path) !== wanted.get(path));
  if (check) {
    report(wanted.size, [...stale, ...changed].sort());
    return;
  }
  for (const path of stale) rmSync(join(TARGET, path));
  for (const path of changed) {
    mkdirSync(dirname(join(TARGET, path)), { recursive: true });
    writeFileSync(join(TARGET, path), wanted.get(path)!);
  }
}

function report(count: number, differences: readonly string[]): void {
  if (differences.length === 0) {
    console.log(`src/gen: ${count} files are what proto/ says`);
    return;
  }
  for (const path of differences) console.error(`src/gen/${path} is not what proto/ says`);
  console.error('run: npm run generate');
  process.exitCode = 1;
}

function generated(): Files {
  const scratch = mkdtempSync(join(tmpdir(), 'elanus-generate-'));
  try {
    const buf = join(ROOT, 'node_modules/.bin/buf');
    execFileSync(buf, ['generate', '--output', scratch], {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const files = filesBelow(join(scratch, 'src/gen'));
    return new Map(Array.from(files, ([path, text]) => [path, withoutCopies(text)]));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function withoutCopies(text: string): string {
  const replaced = text.replace(COPY, WRAP);
  if (replaced.includes('Buffer.from('))
    throw new Error('ts-proto makes Buffers in a way this script does not know');
  return replaced === text ? text : replaced + AS_BUFFER;
}

function filesBelow(folder: string): Files {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    paths.map((path) => [relative(folder, path).split(sep).join('/'), readFileSync(path, 'utf8')]),
  );
}

if (import.meta.main) {
  mkdirSync(TARGET, { recursive: true });
  generate(process.argv.includes('--check'));
}
