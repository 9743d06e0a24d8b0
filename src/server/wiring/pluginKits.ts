import { fileURLToPath } from 'node:url';
import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { AnyPlugin } from '../../core/ports/plugin.ts';
import { conformanceUrl } from '../../kernels/location.ts';
import { BUILT_IN_PLUGINS, type PluginPort } from './builtInPlugins.ts';
import { missingPackage } from './missingPackage.ts';
import { folderAbove, outsideModule, type PackageManifest, readManifest } from './outsidePlugins.ts';
import { checkManifest } from './pluginRegistry.ts';

/** What `elanus/conformance` has that a command needs; the kits lie outside of src. */
export interface Kits {
  pluginConformance(
    module: string,
    options: { readonly options: Readonly<Record<string, unknown>> },
  ): Promise<{ readonly cases: readonly KitCase[] }>;
  runCases(
    cases: readonly KitCase[],
    options: {
      readonly caseTimeoutMs: number;
      readonly onCase: (name: string, failure: { readonly error: unknown } | undefined) => void;
    },
  ): Promise<{ readonly ran: number }>;
  promiseOf(port: PluginPort, caseName: string): string | undefined;
}

export interface KitCase {
  readonly name: string;
  run(): Promise<void>;
}

/** A plugin from outside with where it comes from. */
export interface FoundPlugin {
  readonly plugin: AnyPlugin;
  /** URL of its module. */
  readonly module: string;
  /** Of the package it belongs to; {} when it belongs to none. */
  readonly manifest: PackageManifest;
}

export async function loadKits(): Promise<Kits> {
  return (await import(conformanceUrl().href)) as Kits;
}

/** The plugin that a package or path is, for whatever port. Errors: Invalid (no plugin), Unsupported (absent). */
export async function findPlugin(name: string): Promise<FoundPlugin> {
  const module = outsideModule(name);
  if (module === undefined) {
    throw new ElanusError(
      'Unsupported',
      `the package ${name} is not installed here. Install it with: npm install ${name}`,
    );
  }
  const exported = await importPlugin(module, name);
  const port = (exported as Partial<AnyPlugin> | undefined)?.port;
  if (port === undefined || !Object.hasOwn(BUILT_IN_PLUGINS, port)) {
    throw invalid(`the default export of ${name} is no plugin: its port is ${String(port)}`);
  }
  const folder = folderAbove(fileURLToPath(new URL('.', module)), 'package.json');
  return {
    plugin: checkManifest(exported, port, name),
    module,
    manifest: folder === undefined ? {} : readManifest(folder),
  };
}

async function importPlugin(module: string, name: string): Promise<unknown> {
  try {
    return ((await import(module)) as { readonly default?: unknown }).default;
  } catch (error) {
    throw missingPackage(error, 'plugin', name) ?? error;
  }
}
