/**
 * Bundles src/ into dist/: the launcher, the server with its chunks, plugins and worker modules at the paths that
 * src/kernels/location.ts expects, the kernels, and what buildPackage.ts says. Does nothing when dist/ is up to date;
 * `--force` builds anyway.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { builtinModules } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import packageManifest from '../package.json' with { type: 'json' };
import { buildPackage } from './buildPackage.ts';
import { licencesText } from './licences.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, 'build-stamp');
const LAUNCHER = join(DIST, 'elanus.js');
const KERNELS = join(DIST, 'kernels');
const LICENCES = join(DIST, 'licences.txt');
const OTHER_FILES = new Set([LAUNCHER, STAMP, LICENCES]);
const STALE_MS = 600_000;
/** What `moduleUrl('…')` names is loaded by its path at run time. */
const MODULE_URL = /\bmoduleUrl\('([^']+)'\)/g;
/** Found in node_modules at run time: what has native parts, and what only some storage needs. */
const EXTERNAL = [
  ...Object.keys(packageManifest.dependencies),
  ...Object.keys(packageManifest.peerDependencies),
];
const KERNELS_SCRIPT = join(ROOT, 'scripts/buildKernels.ts');

/** Packages that are CommonJS call `require`, which a module does not have. */
const BANNER = "const require=process.getBuiltinModule('node:module').createRequire(import.meta.url);";

const BUILTIN = new RegExp(
  `^(?:node:.*|${builtinModules.filter((name) => !name.startsWith('_')).join('|')})$`,
);

/**
 * `import` of a built-in module makes Node read every export of it, lazy ones like http's WebSocket too, which loads undici:
 * 10 ms of the start-up time. The module object itself costs nothing.
 */
const builtinsAsObjects: Plugin = {
  name: 'builtins-as-objects',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: BUILTIN }, ({ path }) => ({ path, namespace: 'builtin' }));
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

/** Whether dist/ was made from the sources as they are. */
export function isUpToDate(): boolean {
  return existsSync(LAUNCHER) && readStamp() === currentStamp();
}

export async function build(force: boolean): Promise<void> {
  if (!force && isUpToDate()) return;
  const startMs = performance.now();
  const stamp = currentStamp();
  const [outputs, packageFiles] = await Promise.all([
    bundle(filesBelow(join(ROOT, 'src'))),
    buildPackage(ROOT, DIST),
    kernels(),
  ]);
  copyFileSync(join(ROOT, 'src/server/cli/elanus.js'), LAUNCHER);
  chmodSync(LAUNCHER, 0o755);
  writeFileSync(STAMP, stamp);
  removeStale(new Set([...outputs, ...packageFiles]));
  console.log(`built dist in ${Math.round(performance.now() - startMs)} ms`);
}

/** Resolves with the files it wrote. */
async function bundle(sources: readonly string[]): Promise<ReadonlySet<string>> {
  const { build: esbuild } = await import('esbuild');
  const { metafile } = await esbuild({
    entryPoints: [
      join(ROOT, 'src/server/cli/boot.ts'),
      join(ROOT, 'src/serve.ts'),
      ...modulesLoadedByPath(sources),
    ],
    outdir: DIST,
    outbase: join(ROOT, 'src'),
    entryNames: '[dir]/[name]',
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node22.13',
    format: 'esm',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    external: EXTERNAL,
    banner: { js: BANNER },
    plugins: [builtinsAsObjects],
    logLevel: 'warning',
    metafile: true,
    absWorkingDir: ROOT,
  });
  writeFileSync(LICENCES, licencesText(ROOT, Object.keys(metafile.inputs)));
  return new Set(Object.keys(metafile.outputs).map((output) => join(ROOT, output)));
}

/** Kernels have a clock of their own: only what is older than its sources is compiled. */
async function kernels(): Promise<void> {
  if (!existsSync(KERNELS_SCRIPT)) return;
  const { buildKernels } = await import('./buildKernels.ts');
  await buildKernels(false);
}

function modulesLoadedByPath(sources: readonly string[]): string[] {
  const paths = new Set<string>();
  for (const source of sources.filter((file) => file.endsWith('.ts'))) {
    for (const [, path] of readFileSync(source, 'utf8').matchAll(MODULE_URL))
      paths.add(join(ROOT, 'src', `${path}.ts`));
  }
  return [...paths].filter((path) => existsSync(path));
}

/** Files of earlier builds go, but not at once: a server that runs from them may still import its chunks. */
function removeStale(outputs: ReadonlySet<string>): void {
  for (const file of filesBelow(DIST)) {
    const isKept = outputs.has(file) || OTHER_FILES.has(file) || file.startsWith(KERNELS);
    if (!isKept && statSync(file).mtimeMs < Date.now() - STALE_MS) rmSync(file);
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Changes when a source file is added, removed or written. */
function currentStamp(): string {
  const folders = ['src', 'scripts', 'conformance/storage'];
  const files = folders.flatMap((folder) => filesBelow(join(ROOT, folder)));
  files.push(
    ...['package.json', 'conformance/index.ts', 'tsconfig.types.json'].map((file) => join(ROOT, file)),
  );
  const hash = createHash('sha256');
  for (const file of files) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(ROOT, file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function readStamp(): string | undefined {
  return existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : undefined;
}

if (import.meta.main) await build(process.argv.includes('--force'));
