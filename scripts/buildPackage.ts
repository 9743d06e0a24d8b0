/**
 * What the package has beside the server, for those who write plugins: the entries `elanus/plugin`, `elanus/plugin/rules` and
 * `elanus/conformance`, the types of all entries, and the adapters that `elanus plugin new` starts a plugin from. Bundled apart from
 * the server, whose chunks stay as they are.
 */
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import type { BuildOptions } from 'esbuild';

const COMMON: BuildOptions = {
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node22.13',
  format: 'esm',
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
};
/** What `moduleOfKit('…')` names is loaded by its path at run time. */
const KIT_MODULES = [
  'index/tasks',
  'meta/crashWriter',
  'object/crashWriter',
  'object/racingWriter',
  'openPlugin',
  'wal/crashWriter',
];
const TYPED_ENTRIES = [
  'src/plugin',
  'src/pluginRules',
  'src/serve',
  'conformance/index',
  'conformance/storage/nodeTestBinding',
  'conformance/storage/vitestBinding',
];
const TEMPLATES = [
  'plugins/memory/memoryMetaStore',
  'plugins/memory/memoryObjectStore',
  'plugins/memory/memoryWal',
  'plugins/memory/sortedKeys',
  'server/cli/plugin/scanIndex',
];
const IMPORT = /^import (type )?\{([^}]*)\} from '(\.[^']*)';$/gm;
const LINE_CHARS_MAX = 110;
/** The values that `elanus/plugin` has; all others are in its rules. */
const PLUGIN_VALUES = new Set(['definePlugin', 'ElanusError']);

/** Writes below `dist`; resolves with the files. */
export async function buildPackage(root: string, dist: string): Promise<string[]> {
  const made = await Promise.all([bundlePlugin(root, dist), bundleKits(root, dist), emitTypes(root, dist)]);
  return [...made.flat(), ...writeTemplates(root, dist)];
}

async function bundlePlugin(root: string, dist: string): Promise<string[]> {
  const entryPoints = { plugin: join(root, 'src/plugin.ts'), pluginRules: join(root, 'src/pluginRules.ts') };
  return bundle({
    ...COMMON,
    entryPoints,
    outdir: dist,
    chunkNames: 'chunks/[name]-[hash]',
    absWorkingDir: root,
  });
}

async function bundleKits(root: string, dist: string): Promise<string[]> {
  const modules = ['nodeTestBinding', 'vitestBinding', ...KIT_MODULES].map(
    (name) => `conformance/storage/${name}.ts`,
  );
  return bundle({
    ...COMMON,
    entryPoints: ['conformance/index.ts', ...modules].map((path) => join(root, path)),
    outdir: join(dist, 'conformance'),
    outbase: join(root, 'conformance'),
    chunkNames: 'chunks/[name]-[hash]',
    external: ['vitest'],
    absWorkingDir: root,
  });
}

async function bundle(options: BuildOptions & { absWorkingDir: string }): Promise<string[]> {
  const { build } = await import('esbuild');
  const { metafile } = await build(options);
  return Object.keys(metafile!.outputs).map((output) => join(options.absWorkingDir, output));
}

/** Declarations of the entries and of what they name; the rest of what tsc gives is left out. */
async function emitTypes(root: string, dist: string): Promise<string[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'elanus-types-'));
  try {
    const args = ['-p', 'tsconfig.types.json', '--outDir', scratch];
    await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), args, { cwd: root });
    const needed = new Set<string>();
    for (const entry of TYPED_ENTRIES) addWithImports(scratch, `${entry}.d.ts`, needed);
    return [...needed].map((path) => {
      const target = join(dist, 'types', path);
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(join(scratch, path), target);
      return target;
    });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function addWithImports(folder: string, path: string, found: Set<string>): void {
  if (found.has(path) || !existsSync(join(folder, path))) return;
  found.add(path);
  for (const [, to] of readFileSync(join(folder, path), 'utf8').matchAll(
    /(?:from|import\() ?['"](\.[^'"]+)\.ts['"]/g,
  )) {
    addWithImports(folder, normalize(join(dirname(path), `${to}.d.ts`)), found);
  }
}

/** Adapters of the repository as an author's own. */
function writeTemplates(root: string, dist: string): string[] {
  return TEMPLATES.map((path) => {
    const target = join(dist, 'templates', `${path.split('/').at(-1)}.ts`);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, fromPackage(readFileSync(join(root, 'src', `${path}.ts`), 'utf8')));
    return target;
  });
}

/** The text of a module whose imports from the core come from the package instead. */
function fromPackage(text: string): string {
  const plugin: string[] = [];
  const rules: string[] = [];
  const rest = text.replace(IMPORT, (line, allTypes: string | undefined, names: string, from: string) => {
    if (!from.includes('/core/')) return line;
    for (const name of names.split(',').map((one) => one.trim())) {
      if (name === '') continue;
      const isType = allTypes !== undefined || name.startsWith('type ');
      if (isType) plugin.push(allTypes === undefined ? name : `type ${name}`);
      else (PLUGIN_VALUES.has(name) ? plugin : rules).push(name);
    }
    return '';
  });
  const head = importOf(plugin, 'elanus/plugin') + importOf(rules, 'elanus/plugin/rules');
  const body = rest.replace(/^\n+/, '');
  return `${head}${body.startsWith('import') ? '' : '\n'}${body}`;
}

function importOf(names: readonly string[], from: string): string {
  if (names.length === 0) return '';
  const sorted = [...names].sort((a, b) => a.replace('type ', '').localeCompare(b.replace('type ', '')));
  const line = `import { ${sorted.join(', ')} } from '${from}';\n`;
  return line.length <= LINE_CHARS_MAX ? line : `import {\n  ${sorted.join(',\n  ')},\n} from '${from}';\n`;
}
