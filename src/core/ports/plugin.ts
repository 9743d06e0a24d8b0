import type { Clock } from './clock.ts';
import type { Crypto } from './crypto.ts';
import type { Logger } from './logger.ts';
import type { MetaStore } from './metaStore.ts';
import type { Metrics } from './metrics.ts';
import type { ObjectStore } from './objectStore.ts';
import type { Random } from './random.ts';
import type { VectorIndexCapabilities } from './vectorIndex.ts';
import type { Wal } from './wal.ts';

/** What the host gives every plugin. */
export interface PluginDeps {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly metrics: Metrics;
  /** The store that the configuration names, which its host closes; only for a plugin with `needsObjectStore`. */
  readonly objectStore?: ObjectStore;
}

/** Structural, so that core needs no schema package; a zod schema fits. `parse` throws when `input` does not fit. */
export interface ConfigSchema<Config> {
  parse(input: unknown): Config;
}

/** The storage ports by their key in elanus.yaml. */
export interface StoragePorts {
  readonly meta: MetaStore;
  readonly wal: Wal;
  readonly objectStore: ObjectStore;
}

export interface StorageCapabilities {
  /** What was acknowledged survives kill -9 and power loss. */
  readonly durable: boolean;
  /** Several processes may use the same data at once; a cluster needs it. */
  readonly sharedByProcesses: boolean;
}

/** The default export of a storage plugin. */
export interface StoragePlugin<Port extends keyof StoragePorts, Config> {
  readonly port: Port;
  /** Of the port's contract; the host refuses another one than its own. */
  readonly portVersion: 1;
  /** Unique among the plugins of the port: the value of `plugin` in elanus.yaml. */
  readonly name: string;
  readonly configSchema: ConfigSchema<Config>;
  readonly capabilities: StorageCapabilities;
  /** Keeps its data in the object store: the host opens that first and closes it last. Not for an object store. */
  readonly needsObjectStore?: true;
  /** Opens the store; whoever calls this closes it. Errors: Unavailable, Corrupt, Exhausted, Unsupported. */
  create(config: Config, deps: PluginDeps): Promise<StoragePorts[Port]>;
}

/** The default export of an index plugin. */
export interface IndexPlugin<Config> {
  readonly port: 'index';
  readonly portVersion: 1;
  readonly name: string;
  readonly configSchema: ConfigSchema<Config>;
  readonly capabilities: VectorIndexCapabilities;
  /** URL of the module that exports a VectorIndexWorkerModule; loaded in every thread. */
  readonly workerModule: string;
}

/** A plugin of any port, whatever its configuration. */
export type AnyPlugin = StoragePlugin<keyof StoragePorts, unknown> | IndexPlugin<unknown>;

/** Gives a plugin object its type: checks it where it is written and infers Config from the schema. */
export function definePlugin<Config>(plugin: IndexPlugin<Config>): IndexPlugin<Config>;
export function definePlugin<Port extends keyof StoragePorts, Config>(
  plugin: StoragePlugin<Port, Config>,
): StoragePlugin<Port, Config>;
export function definePlugin(plugin: unknown): unknown {
  return plugin;
}
