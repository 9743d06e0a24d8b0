import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PluginDeps, StoragePlugin, StoragePorts } from '../../src/core/ports/plugin.ts';
import { openFsObjectStore } from '../../src/plugins/object-fs/fsObjectStore.ts';
import { pluginDeps } from './pluginDeps.ts';

/** Where the store of one case lies, as plain data: a child process opens the same one. */
export interface CasePlace {
  /** URL of the module whose default export is the plugin. */
  readonly module: string;
  readonly options: unknown;
  /** A folder of the case's own. */
  readonly folder: string;
}

export type AnyStore = StoragePorts[keyof StoragePorts];

/** The store of one case of a plugin's kit, opened as often as the case wants. */
export class CaseStore<Port extends keyof StoragePorts> {
  readonly place: CasePlace;
  readonly #opened: { close(): Promise<void> }[] = [];

  private constructor(place: CasePlace) {
    this.place = place;
  }

  /** A place that nothing else uses: in the texts of `options`, {folder} is its folder and {id} a name of [a-z0-9]. */
  static async make<Port extends keyof StoragePorts>(
    module: string,
    options: unknown,
  ): Promise<CaseStore<Port>> {
    const folder = await mkdtemp(join(tmpdir(), 'elanus-check-'));
    const id = `c${randomBytes(6).toString('hex')}`;
    return new CaseStore({ module, options: withPlace(options, { folder, id }), folder });
  }

  async open(): Promise<StoragePorts[Port]> {
    const { store, objects } = await openAt<Port>(this.place);
    this.#opened.push(store, ...objects);
    return store;
  }

  /** Closes what is open and removes the folder. `clear` empties a store that lies elsewhere. */
  async dispose(clear?: (store: StoragePorts[Port]) => Promise<void>): Promise<void> {
    try {
      await this.#close();
      if (clear !== undefined) await this.#clear(clear);
    } finally {
      await rm(this.place.folder, { recursive: true, force: true });
    }
  }

  /** Whether the case passed is known already, so a failure here is only told. */
  async #clear(clear: (store: StoragePorts[Port]) => Promise<void>): Promise<void> {
    try {
      await clear(await this.open());
    } catch (caught) {
      process.emitWarning(`the store of a case was not emptied: ${String(caught)}`);
    } finally {
      await this.#close();
    }
  }

  async #close(): Promise<void> {
    for (const opened of this.#opened.splice(0)) await opened.close();
  }
}

/** Opens the store at a place, and the object store that its plugin may need, which is closed after it. */
export async function openAt<Port extends keyof StoragePorts>({
  module,
  options,
  folder,
}: CasePlace): Promise<{ store: StoragePorts[Port]; objects: { close(): Promise<void> }[] }> {
  const plugin = ((await import(module)) as { default: StoragePlugin<Port, unknown> }).default;
  const objects = plugin.needsObjectStore
    ? [await openFsObjectStore({ path: join(folder, 'objects') }, pluginDeps)]
    : [];
  const [objectStore] = objects;
  const deps: PluginDeps = objectStore === undefined ? pluginDeps : { ...pluginDeps, objectStore };
  return { store: await plugin.create(plugin.configSchema.parse(options), deps), objects };
}

/** Whether `name` is a place holder in the texts of `options`. */
export function hasPlaceHolder(options: unknown, name: 'folder' | 'id'): boolean {
  return JSON.stringify(options).includes(`{${name}}`);
}

/** A copy of `value` with the place holders in its texts filled in. */
export function withPlace(value: unknown, texts: Readonly<Record<'folder' | 'id', string>>): unknown {
  if (typeof value === 'string')
    return value.replace(/\{(folder|id)\}/g, (_all, name: 'folder' | 'id') => texts[name]);
  if (Array.isArray(value)) return value.map((item) => withPlace(item, texts));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withPlace(inner, texts)]));
}
