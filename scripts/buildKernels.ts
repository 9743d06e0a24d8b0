/**
 * Compiles src/assembly/<kernel>.ts to dist/kernels/<kernel>.wasm. A kernel that is newer than all sources is kept, unless
 * `--force` is given. Every kernel is checked: several threads instantiate it on one shared memory, so it may have no data
 * segment, no start function and no mutable global of its own.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const ROOT = new URL('../', import.meta.url);
const SOURCES = new URL('src/assembly/', ROOT);
const OUTPUT = new URL('dist/kernels/', ROOT);
const KERNELS = ['flat', 'hnsw'] as const;

const OPTIONS = [
  ...['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
  ...['--enable', 'simd', '--enable', 'threads', '--enable', 'relaxed-simd'],
  ...[
    '--importMemory',
    '--noExportMemory',
    '--sharedMemory',
    '--initialMemory',
    '1',
    '--maximumMemory',
    '65536',
  ],
];

const SECTION_GLOBAL = 6;
const SECTION_START = 8;
const SECTION_DATA = 11;

function modifiedMs(url: URL): number {
  return statSync(url, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newestSourceMs(): number {
  const names = readdirSync(SOURCES).filter((name) => name.endsWith('.ts'));
  const own = modifiedMs(new URL(import.meta.url));
  return Math.max(own, ...names.map((name) => modifiedMs(new URL(name, SOURCES))));
}

/** Ids of the sections of a WebAssembly module. */
function sectionIds(wasm: Uint8Array): Set<number> {
  const ids = new Set<number>();
  let at = 8;
  while (at < wasm.length) {
    ids.add(wasm[at++]!);
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++]!;
      length |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    at += length;
  }
  return ids;
}

function checkStateless(name: string, wasm: Uint8Array): void {
  const ids = sectionIds(wasm);
  const found: string[] = [];
  if (ids.has(SECTION_GLOBAL)) found.push('globals');
  if (ids.has(SECTION_START)) found.push('a start function');
  if (ids.has(SECTION_DATA)) found.push('data segments');
  if (found.length > 0) throw new Error(`kernel ${name} must be stateless but has ${found.join(', ')}`);
}

async function compile(name: string): Promise<void> {
  const target = fileURLToPath(new URL(`${name}.wasm`, OUTPUT));
  const unfinished = `${target}.${process.pid}`;
  const source = fileURLToPath(new URL(`${name}.ts`, SOURCES));
  const { error, stderr } = await asc.main([source, '-o', unfinished, ...OPTIONS]);
  if (error) throw new Error(`asc ${name}.ts: ${error.message}\n${stderr.toString()}`);
  checkStateless(name, readFileSync(unfinished));
  renameSync(unfinished, target);
}

export async function buildKernels(force: boolean): Promise<void> {
  mkdirSync(OUTPUT, { recursive: true });
  const newest = newestSourceMs();
  for (const name of KERNELS) {
    if (force || modifiedMs(new URL(`${name}.wasm`, OUTPUT)) < newest) await compile(name);
  }
}

if (import.meta.main) await buildKernels(process.argv.includes('--force'));
