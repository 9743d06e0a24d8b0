import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What is read of a package's package.json. */
export interface PackageManifest {
  readonly name?: string;
  readonly version?: string;
  readonly keywords?: readonly string[];
  readonly main?: string;
  readonly exports?: unknown;
  /** Ours: `check` are the options that `elanus plugin check` gives the plugin. */
  readonly elanus?: { readonly check?: Readonly<Record<string, unknown>> };
}

export function isPath(name: string): boolean {
  return name.startsWith('.') || name.startsWith('/');
}

/**
 * URL of the module that `name` means from the working directory: the path of a module or of a package's folder, or a package
 * in node_modules there or above. undefined when there is no such package; a path need not exist.
 */
export function outsideModule(name: string): string | undefined {
  const path = isPath(name) ? resolve(name) : packageFolder(name);
  if (path === undefined) return undefined;
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return pathToFileURL(isFolder ? join(path, entryOf(readManifest(path))) : path).href;
}

/** The package.json of `folder`, {} when there is none. */
export function readManifest(folder: string): PackageManifest {
  const path = join(folder, 'package.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as PackageManifest) : {};
}

/** The nearest folder, `path` itself or one above it, that holds a file or folder `holds`. */
export function folderAbove(path: string, holds: string): string | undefined {
  for (let folder = path; ; folder = dirname(folder)) {
    if (existsSync(join(folder, holds))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

function packageFolder(name: string): string | undefined {
  const path = join('node_modules', name);
  const above = folderAbove(process.cwd(), path);
  return above === undefined ? undefined : join(above, path);
}

function entryOf({ exports, main }: PackageManifest): string {
  const isMap = typeof exports === 'object' && exports !== null && '.' in exports;
  return targetOf(isMap ? exports['.'] : exports) ?? main ?? 'index.js';
}

/** The target of `exports` under the conditions of an import by Node.js. */
function targetOf(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (typeof target !== 'object' || target === null) return undefined;
  for (const [condition, inner] of Object.entries(target)) {
    const found = ['node', 'import', 'default'].includes(condition) ? targetOf(inner) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
