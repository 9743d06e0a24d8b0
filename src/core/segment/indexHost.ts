import type { IndexInfo } from '../domain/catalog.ts';
import { assert } from '../domain/errors.ts';
import type { Metric } from '../domain/metric.ts';
import type { Arena, ArenaRef } from '../ports/arena.ts';
import type { Compute } from '../ports/compute.ts';
import type { Logger } from '../ports/logger.ts';
import type { VectorIndexHandle, VectorIndexSpec } from '../ports/vectorIndex.ts';
import type { IndexTaskInput } from '../query/reads.ts';
import { TASK } from '../query/taskNames.ts';
import { inBackground } from './background.ts';

const CAPACITY_MIN = 1024;
/** One step of background work, so that a search never waits longer. */
const STEP_MS = 3;

/** Makes the graph indexes of one process: which plugin builds them, and unique handles. */
export class IndexHost {
  readonly compute: Compute;
  readonly arena: Arena;
  readonly plugin: string;
  /** Segments with fewer rows are scanned: that is faster than a walk. */
  readonly rowsMin: number;
  readonly sharedByThreads: boolean;
  readonly logger: Logger;
  #nextId = 1;

  constructor(options: { compute: Compute; arena: Arena; plugin: string; rowsMin: number; logger: Logger }) {
    this.logger = options.logger;
    this.compute = options.compute;
    this.arena = options.arena;
    this.plugin = options.plugin;
    this.rowsMin = options.rowsMin;
    this.sharedByThreads = this.compute.local.kernel(this.plugin).capabilities.sharedByThreads;
  }

  /** An empty index in `arena`, with room for `rows` rows to begin with. */
  async create(index: IndexInfo, dim: number, arena: number, rows: number): Promise<SegmentIndex> {
    const handle = this.#handle(graphSpec(index, dim), arena, Math.max(CAPACITY_MIN, rows));
    await this.fill(handle, TASK.indexCreate, handle, 100);
    return new SegmentIndex(this, index.indexId, handle, 0);
  }

  /** An index from saved bytes. Errors: Corrupt, Invalid. */
  async load(index: IndexInfo, dim: number, arena: number, bytes: Uint8Array): Promise<SegmentIndex> {
    const rows = this.compute.local.kernel(this.plugin).savedRows(bytes);
    const handle = this.#handle(graphSpec(index, dim), arena, Math.max(1, rows));
    await this.fill(handle, TASK.indexLoad, { handle, bytes }, bytes.length / 1_000);
    return new SegmentIndex(this, index.indexId, handle, rows);
  }

  /** A handle like `handle` with room for `rows` rows. */
  larger(handle: VectorIndexHandle, rows: number): VectorIndexHandle {
    return { ...this.#handle(handle.spec, handle.region?.arena, rows), id: handle.id };
  }

  /** Runs the task that gives a new region its content; without it the region goes. */
  async fill(handle: VectorIndexHandle, task: string, input: unknown, costMicros: number): Promise<void> {
    try {
      await this.compute.run(task, input, this.options(handle, costMicros));
    } catch (caught) {
      if (handle.region !== undefined) this.retire(handle.region);
      throw caught;
    }
  }

  options(handle: VectorIndexHandle, costMicros: number) {
    const affinity = this.sharedByThreads ? {} : { affinity: handle.id };
    return { priority: 'background' as const, costMicros, ...affinity };
  }

  /** Frees memory when no task that may use it is left. */
  retire(ref: ArenaRef): void {
    this.whenUnused('free memory', () => this.arena.free(ref));
  }

  /** Runs `action` when every task submitted so far has ended. */
  whenUnused(what: string, action: () => void): void {
    inBackground(this.logger, what, this.compute.afterInFlight().then(action));
  }

  #handle(spec: VectorIndexSpec, arena: number | undefined, rowsCapacity: number): VectorIndexHandle {
    const bytes = this.compute.local.kernel(this.plugin).regionBytes(spec, rowsCapacity);
    const region = bytes === 0 ? undefined : this.arena.allocate(bytes, arena);
    return { id: this.#nextId++, plugin: this.plugin, spec, rowsCapacity, region };
  }
}

/** Which vector indexes are graphs here; FLAT is a scan. */
export function isGraphIndex(index: IndexInfo): boolean {
  return index.metric !== undefined && index.indexType !== 'FLAT';
}

function graphSpec(index: IndexInfo, dim: number): VectorIndexSpec {
  assert(index.metric !== undefined, 'a vector index has a metric');
  const params: Record<string, number> = {};
  for (const { key, value } of index.params) {
    const number = Number(value);
    if (value !== '' && Number.isFinite(number)) params[key] = number;
  }
  return { metric: index.metric satisfies Metric, dim, params };
}

/** A graph over one vector field of one segment, built in the background in short steps. */
export class SegmentIndex {
  readonly indexId: number;
  indexedRows: number;
  readonly #host: IndexHost;
  #handle: VectorIndexHandle;
  #building: Promise<void> | undefined;
  #dropped = false;

  constructor(host: IndexHost, indexId: number, handle: VectorIndexHandle, indexedRows: number) {
    this.#host = host;
    this.indexId = indexId;
    this.#handle = handle;
    this.indexedRows = indexedRows;
  }

  get handle(): VectorIndexHandle {
    return this.#handle;
  }

  get bytesUsed(): number {
    return this.#handle.region?.bytes ?? 0;
  }

  /** Indexes rows up to `rowsNow()`, asked again before each step; one run at a time. */
  build(source: { layoutKey: () => string; fieldId: number; rowsNow: () => number }): Promise<void> {
    this.#building ??= this.#run(source).finally(() => {
      this.#building = undefined;
    });
    return this.#building;
  }

  async save(): Promise<Uint8Array> {
    const options = this.#host.options(this.#handle, this.bytesUsed / 1_000);
    return this.#host.compute.run<Uint8Array>(TASK.indexSave, this.#handle, options);
  }

  async drop(): Promise<void> {
    if (this.#dropped) return;
    this.#dropped = true;
    // Whoever asked for the build handles its failure.
    await this.#building?.catch(() => undefined);
    await this.#host.compute.run(TASK.indexDrop, this.#handle, this.#host.options(this.#handle, 10));
    if (this.#handle.region !== undefined) this.#host.retire(this.#handle.region);
  }

  async #run(source: { layoutKey: () => string; fieldId: number; rowsNow: () => number }): Promise<void> {
    while (!this.#dropped && this.indexedRows < source.rowsNow()) {
      const toRow = source.rowsNow();
      if (toRow > this.#handle.rowsCapacity) await this.#grow(toRow);
      const input: IndexTaskInput = {
        handle: this.#handle,
        layoutKey: source.layoutKey(),
        fieldId: source.fieldId,
        toRow,
        budgetMs: STEP_MS,
      };
      const options = this.#host.options(this.#handle, STEP_MS * 1_000);
      this.indexedRows = await this.#host.compute.run<number>(TASK.indexAppend, input, options);
    }
  }

  async #grow(rows: number): Promise<void> {
    const from = this.#handle;
    const to = this.#host.larger(from, Math.max(rows, from.rowsCapacity * 2));
    await this.#host.fill(to, TASK.indexResize, { from, to }, this.bytesUsed / 2_000);
    this.#handle = to;
    if (from.region !== undefined) this.#host.retire(from.region);
  }
}
