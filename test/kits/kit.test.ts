import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { fails } from '../../conformance/storage/checks.ts';
import { runCases } from '../../conformance/storage/conformanceCase.ts';
import { vectorIndexConformance } from '../../conformance/storage/index/kit.ts';
import { metaStoreConformance } from '../../conformance/storage/meta/kit.ts';
import { objectStoreConformance } from '../../conformance/storage/object/kit.ts';
import { promiseOf } from '../../conformance/storage/promises.ts';
import { walConformance } from '../../conformance/storage/wal/kit.ts';
import { ElanusError } from '../../src/core/domain/errors.ts';
import { METRICS } from '../../src/core/domain/metric.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'elanus-kit-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const all = { durable: true, sharedByProcesses: true };
const none = { durable: false, sharedByProcesses: false };
const open = (): never => {
  throw new Error('no case runs here');
};
const wal = { canCrash: true, canFail: true, canBeKilled: true };
const index = { name: 'x', workerModule: '', config: {} };
const exact = { exact: true, filtersInWalk: true, appendsWhileSearched: true, metrics: METRICS };

const KITS = {
  meta: [
    metaStoreConformance({ capabilities: all, open }),
    metaStoreConformance({ capabilities: none, open }),
  ],
  objectStore: [
    objectStoreConformance({ capabilities: all, open }),
    objectStoreConformance({ capabilities: none, open }),
  ],
  wal: [
    walConformance({ capabilities: all, ...wal, open }),
    walConformance({ capabilities: none, canCrash: false, canFail: false, open }),
  ],
  index: [
    vectorIndexConformance(index, {
      capabilities: { ...exact, sharedByThreads: true },
      realDataDirectory: new URL('file:///data/'),
    }),
    vectorIndexConformance(index, { capabilities: { ...exact, exact: false, sharedByThreads: false } }),
  ],
} as const;

test.for(['meta', 'objectStore', 'wal', 'index'] as const)(
  'kit of %s: capabilities choose the cases; names are unique; every case asks for a promise',
  (port) => {
    const [most, least] = KITS[port];
    expect(most.length).toBeGreaterThan(least.length);
    for (const cases of [most, least]) {
      const names = cases.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      expect(names.filter((name) => promiseOf(port, name) === undefined)).toEqual([]);
    }
  },
);

test('fails: an error class of another copy of the package → told by its form', async () => {
  const url = new URL('../../src/core/domain/errors.ts?copy', import.meta.url).href;
  const copy = (await import(/* @vite-ignore */ url)) as {
    ElanusError: typeof ElanusError;
  };
  expect(copy.ElanusError).not.toBe(ElanusError);
  const foreign = new copy.ElanusError('NotFound', 'gone', { context: { key: 'a' } });
  expect((await fails('NotFound', () => Promise.reject(foreign))).text).toBe('gone[key=a]');
  expect(foreign).toBeInstanceOf(ElanusError);
  expect(ElanusError.from(foreign)).toBe(foreign);
});

test('fails: another kind, a plain error with a kind, a result → refused', async () => {
  const plain = Object.assign(new Error('gone'), { kind: 'NotFound' });
  const wrong = [
    () => Promise.reject(new ElanusError('Conflict', 'x')),
    () => Promise.reject(plain),
    () => Promise.resolve(1),
  ];
  for (const call of wrong) await expect(fails('NotFound', call)).rejects.toThrow();
  expect(plain).not.toBeInstanceOf(ElanusError);
  expect(ElanusError.from(plain).kind).toBe('Internal');
});

const passing = { name: 'passes', run: async () => undefined };
const failing = { name: 'fails', run: () => Promise.reject(new Error('planted')) };
const hanging = { name: 'hangs', run: () => new Promise<void>(() => undefined) };

test('runCases: counts, goes on or stops, gives up what hangs, and refuses an empty kit', async () => {
  const seen: string[] = [];
  const onCase = (name: string, failure: unknown) => seen.push(`${name} ${failure === undefined}`);
  const result = await runCases([passing, failing, hanging, passing], { caseTimeoutMs: 20, onCase });
  expect(result).toMatchObject({ declared: 4, ran: 4, failures: [{ name: 'fails' }, { name: 'hangs' }] });
  expect(seen).toEqual(['passes true', 'fails false', 'hangs false', 'passes true']);
  expect(await runCases([failing, passing], { stopAtFailure: true })).toMatchObject({ declared: 2, ran: 1 });
  await expect(runCases([])).rejects.toThrow(/no cases/);
});

const BINDINGS = [
  ['nodeTestBinding', 'own.test.ts', process.execPath, ['--test'], '--test-name-pattern=one'],
  [
    'vitestBinding',
    'own.test.ts',
    join(ROOT, 'node_modules/.bin/vitest'),
    ['run', '--root', scratch, '--config', 'none.ts'],
    '--testNamePattern=one',
  ],
] as const;

test.for(BINDINGS)(
  '%s: prints how many ran, and fails when fewer did than the kit declares',
  ([binding, file, command, args, filter]) => {
    const url = new URL(`../../conformance/storage/${binding}.ts`, import.meta.url).href;
    const cases = "['one', 'two', 'three'].map((name) => ({ name, run: async () => undefined }))";
    writeFileSync(join(scratch, 'none.ts'), 'export default {};');
    writeFileSync(
      join(scratch, file),
      `import { registerCases } from ${JSON.stringify(fileURLToPath(url))};\nregisterCases('kit', ${cases});\n`,
    );
    const run = (...more: string[]) => {
      const { NODE_TEST_CONTEXT: _, VITEST: __, ...env } = process.env;
      const { status, stdout, stderr } = spawnSync(command, [...args, ...more], {
        cwd: scratch,
        encoding: 'utf8',
        env,
      });
      return { status, output: stdout + stderr };
    };
    expect(run()).toMatchObject({ status: 0, output: expect.stringContaining('kit: ran 3 of 3 cases') });
    expect(run(filter)).toMatchObject({
      status: 1,
      output: expect.stringContaining('kit: ran 1 of 3 cases'),
    });
  },
);
