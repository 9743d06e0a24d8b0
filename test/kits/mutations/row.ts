import {
  type ConformanceCase,
  type FailedCase,
  runCases,
} from '../../../conformance/storage/conformanceCase.ts';
import { pluginConformance } from '../../../conformance/storage/pluginKit.ts';
import type { KitPort } from '../../../conformance/storage/promises.ts';
import { type Edit, makeMutant } from '../mutants.ts';

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

/** A built-in plugin with a folder of its own, whose sources are changed in one place; undefined = not changed. */
export function editedPlugin(
  port: KitPort,
  folder: string,
  edits: Readonly<Record<string, Edit | undefined>>,
  options: Readonly<Record<string, unknown>>,
): MutationRow[] {
  const adapter = folder.split('/').at(-1)!;
  return Object.entries(edits).map(([lacks, edit]) => ({
    port,
    adapter,
    lacks,
    async firstFailure() {
      const mutant = await makeMutant(folder, edit);
      try {
        const { cases } = await pluginConformance(mutant.url('index.ts'), { options });
        return await firstFailureOf(cases);
      } finally {
        await mutant.remove();
      }
    },
  }));
}
