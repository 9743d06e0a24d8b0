import { type Import, importsOf } from './imports.ts';
import type { SourceFile } from './sourceText.ts';

interface Layer {
  /** Files of this layer: the first layer whose folder fits counts. */
  readonly folder: RegExp;
  /** What it may import: paths in the tree, `node:x`, package names. `$1` is the first group of `folder`. */
  readonly mayImport: readonly string[];
  /** May load modules whose names are known at run time only. */
  readonly loadsModules?: true;
}

const ANY_NODE = 'node:';
const ANY_PACKAGE = 'package:';
/** Pure packages, which do no input or output. */
const CORE_PACKAGES = ['apache-arrow', 're2js'];

/** Who may import whom. */
const LAYERS: readonly Layer[] = [
  { folder: /^src\/core\/domain\//, mayImport: ['src/core/domain/'] },
  { folder: /^src\/core\/ports\//, mayImport: ['src/core/domain/', 'src/core/ports/'] },
  { folder: /^src\/core\/layers\//, mayImport: ['src/core/domain/', 'src/core/ports/', 'src/core/layers/'] },
  { folder: /^src\/core\//, mayImport: ['src/core/', ...CORE_PACKAGES] },
  // What authors of plugins import.
  { folder: /^src\/plugin(Rules)?\.ts$/, mayImport: ['src/core/domain/', 'src/core/ports/'] },
  { folder: /^src\/serve\.ts$/, mayImport: ['src/core/ports/', 'src/server/cli/main.ts'] },
  {
    folder: /^src\/plugins\/([^/]+)\//,
    mayImport: [
      'src/core/domain/',
      'src/core/ports/',
      'src/plugins/$1/',
      'src/kernels/',
      ANY_NODE,
      ANY_PACKAGE,
    ],
  },
  { folder: /^src\/kernels\//, mayImport: ['src/core/domain/', 'src/core/ports/', 'src/kernels/', ANY_NODE] },
  { folder: /^src\/assembly\//, mayImport: ['src/assembly/'] },
  { folder: /^src\/gen\//, mayImport: ['src/gen/', ANY_PACKAGE] },
  {
    folder: /^src\/server\/wiring\//,
    mayImport: ['src/', 'package.json', ANY_NODE, ANY_PACKAGE],
    loadsModules: true,
  },
  {
    folder: /^src\/server\/transports\//,
    mayImport: ['src/core/', 'src/gen/', 'src/server/transports/', ANY_NODE, ANY_PACKAGE],
  },
  {
    folder: /^src\/server\/cli\//,
    mayImport: [
      'src/core/domain/',
      'src/core/ports/',
      'src/server/',
      'src/plugins/',
      'src/kernels/location.ts',
      'package.json',
      ANY_NODE,
      ANY_PACKAGE,
    ],
  },
  {
    folder: /^src\/server\/compute\//,
    mayImport: ['src/core/', 'src/kernels/', 'src/server/compute/', ANY_NODE],
    loadsModules: true,
  },
  {
    folder: /^src\/server\/([^/]+)\//,
    mayImport: ['src/core/', 'src/server/$1/', ANY_NODE, ANY_PACKAGE],
  },
];

interface Reserved {
  readonly target: RegExp;
  readonly importers: RegExp;
}

/** What only some folders may import, whatever the table says. */
const RESERVED: readonly Reserved[] = [
  { target: /^(inversify|reflect-metadata)$/, importers: /^src\/server\/wiring\// },
  { target: /^src\/gen\/milvus\//, importers: /^src\/(gen|server\/transports)\// },
];

/** One line for each import that the table does not allow. Files outside src/ are free. */
export function importViolations(files: readonly SourceFile[]): string[] {
  return files.filter(({ path }) => path.startsWith('src/')).flatMap(violationsOf);
}

function violationsOf(file: SourceFile): string[] {
  if (file.path.endsWith('.d.ts')) return [];
  const layer = LAYERS.find(({ folder }) => folder.test(file.path));
  if (layer === undefined) return [`${file.path}: belongs to no layer of the import table`];
  const group = layer.folder.exec(file.path)?.[1] ?? '';
  const allowed = layer.mayImport.map((target) => target.replace('$1', group));
  return importsOf(file).flatMap((one) => violationOf(one, layer, allowed));
}

function violationOf({ from, line, target }: Import, layer: Layer, allowed: readonly string[]): string[] {
  if (target === undefined) {
    return layer.loadsModules ? [] : [`${from}:${line}: imports a module whose name is computed`];
  }
  const reserved = RESERVED.some((rule) => rule.target.test(target) && !rule.importers.test(from));
  if (!reserved && allowed.some((prefix) => fits(target, prefix))) return [];
  return [`${from}:${line}: may not import ${target}`];
}

function fits(target: string, prefix: string): boolean {
  const isPath = target.startsWith('src/') || target.includes('.json') || target.startsWith('../');
  if (prefix === ANY_PACKAGE) return !isPath && !target.startsWith('node:') && !isOutsideSource(target);
  if (prefix.endsWith('/') || prefix === ANY_NODE) return target.startsWith(prefix);
  return target === prefix;
}

function isOutsideSource(target: string): boolean {
  return /^(test|conformance|bench|scripts|examples)\//.test(target);
}
