import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packElanus, ROOT, run } from './packed.ts';
import { ServedCommand } from './served.ts';

/** docs/plugins.md, followed to the letter in an empty folder. */
const CODE_LINES_MAX = 200;
const text = readFileSync(join(ROOT, 'docs/plugins.md'), 'utf8');
const scratch = mkdtempSync(join(tmpdir(), 'elanus-tutorial-'));
const folder = join(scratch, 'empty');

type Step =
  | { readonly does: 'write' | 'change'; readonly file: string; readonly code: string }
  | { readonly does: 'run'; readonly code: string; readonly prints: string };

/** The steps of the tutorial: a block is written to the file that the line before names, changes it, or is run. */
function steps(): Step[] {
  const blocks = [
    ...text.matchAll(/(?:^(?:.*?)(?:Write|Change) `([^`]+)`:\n\n)?^```(\w*)\n([\s\S]*?)^```$/gm),
  ];
  return blocks.flatMap(([, file = '', language, code = ''], i): Step[] => {
    if (language === 'sh') {
      const [, , nextLanguage, prints = ''] = blocks[i + 1] ?? [];
      return [{ does: 'run', code, prints: nextLanguage === '' ? prints : '' }];
    }
    if (language === '') return [];
    if (file === '') throw new Error(`docs/plugins.md: which file is this?\n${code}`);
    return [{ does: language === 'diff' ? 'change' : 'write', file, code }];
  });
}

beforeAll(async () => {
  const tarball = await packElanus(scratch);
  mkdirSync(folder);
  copyFileSync(tarball, join(folder, basename(tarball)));
}, 300_000);

afterAll(() => {
  ServedCommand.killAll();
  rmSync(scratch, { recursive: true, force: true });
});

test('tutorial: short, and every step is of a known kind', () => {
  const code = steps().filter(({ does }) => does !== 'run');
  const lines = code.reduce((sum, step) => sum + step.code.split('\n').length - 1, 0);
  expect(lines).toBeGreaterThan(80);
  expect(lines).toBeLessThan(CODE_LINES_MAX);
  expect(steps().filter(({ does }) => does === 'run').length).toBeGreaterThan(4);
});

test('tutorial: followed step by step in an empty folder → every command does what the text says', {
  timeout: 600_000,
}, () => {
  for (const step of steps()) {
    if (step.does === 'run') runs(step.code, step.prints);
    else if (step.does === 'write') write(step.file, step.code);
    else change(step.file, step.code);
  }
});

test('tutorial: the store serves: rows go into its file, and are there after a restart', {
  timeout: 120_000,
}, async () => {
  const command = join(folder, 'node_modules/.bin/elanus');
  const search = { collection_name: 'things', data: [1, 7, 0, 0], limit: 1, output_fields: ['id'] };
  for (const round of [1, 2]) {
    const server = await ServedCommand.start(command, folder);
    const client = new MilvusClient({ address: server.address, logLevel: 'error' });
    if (round === 1) {
      await client.createCollection({ collection_name: 'things', dimension: 4, metric_type: 'COSINE' });
      const data = Array.from({ length: 100 }, (_, id) => ({ id, vector: [1, id, 0, 0] }));
      await client.insert({ collection_name: 'things', data });
      await client.flushSync({ collection_names: ['things'] });
      await expect.poll(() => objectsIn(join(folder, 'objects.db')), { timeout: 30_000 }).toBeGreaterThan(0);
    }
    expect((await client.search(search)).results).toMatchObject([{ id: '7' }]);
    await client.closeConnection();
    expect(await server.stop()).toBe(0);
  }
});

test('tutorial: a program with the plugin in it knows it by its name', () => {
  const options = 'objectStore:\n  plugin: tutorial\n  options:\n    path: ./objects.db\n';
  writeFileSync(join(folder, 'own.yaml'), options);
  const ended = run(folder, process.execPath, ['serve.js', '--check', '--config', 'own.yaml']);
  expect(ended).toMatchObject({ status: 0, output: expect.stringContaining('plugin: tutorial') });
  const without = run(folder, 'npx', ['elanus', '--check', '--config', 'own.yaml']);
  expect(without).toMatchObject({ status: 1, output: expect.stringContaining('npm install tutorial') });
});

function runs(code: string, prints: string): void {
  const { status, output } = run(folder, 'bash', ['-e', '-c', code]);
  const fails = prints.includes('FAILED');
  expect([status, output]).toEqual([fails ? 1 : 0, expect.stringContaining(prints.trim())]);
}

function write(file: string, code: string): void {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, code);
}

function change(file: string, diff: string): void {
  const path = join(folder, file);
  const lines = (sign: string) =>
    diff
      .split('\n')
      .filter((line) => line.startsWith(sign))
      .map((line) => line.slice(1))
      .join('\n');
  const before = readFileSync(path, 'utf8');
  expect(before.split(lines('-'))).toHaveLength(2);
  writeFileSync(path, before.replace(lines('-'), lines('+')));
}

function objectsIn(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return Number(database.prepare('SELECT count(*) AS count FROM objects').get()?.count);
  } finally {
    database.close();
  }
}
