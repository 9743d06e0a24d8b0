import type { CollectionInfo, DatabaseInfo } from '../domain/catalog.ts';
import { ElanusError } from '../domain/errors.ts';

/** A collection and what is known about its copies. */
export interface CollectionEntry {
  readonly info: CollectionInfo;
  /** Of page 0 in the meta store. */
  readonly metaRevision: bigint;
  readonly pages: number;
}

export interface DatabaseEntry {
  readonly info: DatabaseInfo;
  readonly metaRevision: bigint;
  /** What each collection name and alias means. */
  readonly names: Map<string, NameEntry>;
  /** Collections in it, aliases not counted. */
  collections: number;
}

interface NameEntry {
  readonly collectionId: number;
  readonly isAlias: boolean;
}

/** The catalogue in memory: immutable entries, looked up by id, by name and by alias. */
export class Catalog {
  readonly #databases = new Map<string, DatabaseEntry>();
  readonly #collections = new Map<number, CollectionEntry>();
  readonly #shards = new Map<string, number>();

  clear(): void {
    this.#databases.clear();
    this.#collections.clear();
    this.#shards.clear();
  }

  get databaseCount(): number {
    return this.#databases.size;
  }

  get collectionCount(): number {
    return this.#collections.size;
  }

  databases(): IterableIterator<DatabaseEntry> {
    return this.#databases.values();
  }

  collections(): IterableIterator<CollectionEntry> {
    return this.#collections.values();
  }

  findDatabase(name: string): DatabaseEntry | undefined {
    return this.#databases.get(name);
  }

  /** Error: NotFound database. */
  database(name: string): DatabaseEntry {
    const entry = this.#databases.get(name);
    if (entry !== undefined) return entry;
    throw new ElanusError('NotFound', 'database not found', {
      subject: 'database',
      context: { database: name },
    });
  }

  find(databaseName: string, nameOrAlias: string): CollectionEntry | undefined {
    const name = this.#databases.get(databaseName)?.names.get(nameOrAlias);
    return name === undefined ? undefined : this.#collections.get(name.collectionId);
  }

  /** Errors: NotFound database, collection. */
  collection(databaseName: string, nameOrAlias: string): CollectionEntry {
    this.database(databaseName);
    const entry = this.find(databaseName, nameOrAlias);
    if (entry !== undefined) return entry;
    throw new ElanusError('NotFound', 'collection not found', {
      subject: 'collection',
      context: { database: databaseName, collection: nameOrAlias },
    });
  }

  isAlias(databaseName: string, name: string): boolean {
    return this.#databases.get(databaseName)?.names.get(name)?.isAlias === true;
  }

  findById(collectionId: number): CollectionEntry | undefined {
    return this.#collections.get(collectionId);
  }

  /** Error: NotFound collection. */
  byId(collectionId: number): CollectionEntry {
    const entry = this.#collections.get(collectionId);
    if (entry !== undefined) return entry;
    throw new ElanusError('NotFound', 'collection not found', {
      subject: 'collection',
      context: { collectionId },
    });
  }

  shardsOn(pchannel: string): number {
    return this.#shards.get(pchannel) ?? 0;
  }

  pchannelsInUse(): string[] {
    return [...this.#shards.keys()];
  }

  putDatabase(info: DatabaseInfo, metaRevision: bigint): void {
    const old = this.#databases.get(info.name);
    const { names = new Map(), collections = 0 } = old ?? {};
    this.#databases.set(info.name, { info, metaRevision, names, collections });
  }

  removeDatabase(name: string): void {
    this.#databases.delete(name);
  }

  /** Adds the entry or puts it in the place of the one with its id. */
  put(entry: CollectionEntry): void {
    const { info } = entry;
    const old = this.#collections.get(info.collectionId);
    if (old !== undefined) this.#forgetNames(old.info);
    else this.#countShards(info, 1);
    this.#collections.set(info.collectionId, entry);
    const database = this.database(info.databaseName);
    const { collectionId } = info;
    database.names.set(info.schema.name, { collectionId, isAlias: false });
    for (const alias of info.aliases) database.names.set(alias, { collectionId, isAlias: true });
    database.collections++;
  }

  remove(collectionId: number): void {
    const entry = this.#collections.get(collectionId);
    if (entry === undefined) return;
    this.#forgetNames(entry.info);
    this.#countShards(entry.info, -1);
    this.#collections.delete(collectionId);
  }

  #forgetNames(info: CollectionInfo): void {
    const database = this.database(info.databaseName);
    for (const name of [info.schema.name, ...info.aliases]) {
      if (database.names.get(name)?.collectionId === info.collectionId) database.names.delete(name);
    }
    database.collections--;
  }

  #countShards(info: CollectionInfo, by: number): void {
    for (const { pchannel } of info.vchannels) {
      const count = this.shardsOn(pchannel) + by;
      if (count === 0) this.#shards.delete(pchannel);
      else this.#shards.set(pchannel, count);
    }
  }
}
