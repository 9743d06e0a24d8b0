import {
  type ConformanceCase,
  type FailedCase,
  runCases,
} from '../../../conformance/storage/conformanceCase.ts';
import { pluginConformance } from '../../../conformance/storage/pluginKit.ts';
import type { KitPort } from '../../../conformance/storage/promises.ts';
import { type Edit, type Mutant, type Mutation, makeMutant, type StandIns } from '../mutants.ts';

/** An adapter that lacks one safety mechanism. */
export interface MutationRow {
  readonly port: KitPort;
  readonly adapter: string;
  /** What was taken out. */
  readonly lacks: string;
  /** Of the kit; undefined: the kit sees nothing. */
  firstFailure(): Promise<FailedCase | undefined>;
}

export async function firstFailureOf(cases: readonly ConformanceCase[]): Promise<FailedCase | undefined> {
  return (await runCases(cases, { stopAtFailure: true, caseTimeoutMs: 60_000 })).failures[0];
}

/** `store` with some of its methods replaced. */
export function overlay<Store extends object>(store: Store, methods: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, name) {
      const replaced: unknown = Reflect.get(methods, name);
      if (replaced !== undefined) return replaced;
      const method: unknown = Reflect.get(target, name);
      return typeof method === 'function' ? method.bind(target) : method;
    },
  });
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** `change` made to a copy of `folder`, and the cases for that copy. */
export interface MutantRow extends Omit<MutationRow, 'firstFailure'> {
  /** By default that of the plugin `adapter`. */
  readonly folder?: string;
  /** Undefined = not changed. */
  readonly change: Mutation | Edit | undefined;
  readonly standIns?: StandIns;
  casesOf(mutant: Mutant): Promise<readonly ConformanceCase[]>;
}

export function mutantRow({ folder, change, standIns, casesOf, ...row }: MutantRow): MutationRow {
  return {
    ...row,
    async firstFailure() {
      const mutant = await makeMutant(folder ?? `src/plugins/${row.adapter}`, change, standIns);
      try {
        return await firstFailureOf(await casesOf(mutant));
      } finally {
        await mutant.remove();
      }
    },
  };
}

/** A built-in plugin with a folder of its own, whose sources are changed in one place; undefined = not changed. */
export function editedPlugin(
  port: KitPort,
  folder: string,
  edits: Readonly<Record<string, Edit | undefined>>,
  options: Readonly<Record<string, unknown>>,
): MutationRow[] {
  const adapter = folder.split('/').at(-1)!;
  return Object.entries(edits).map(([lacks, change]) =>
    mutantRow({
      port,
      adapter,
      lacks,
      change,
      folder,
      casesOf: async (mutant) => (await pluginConformance(mutant.url('index.ts'), { options })).cases,
    }),
  );
}
