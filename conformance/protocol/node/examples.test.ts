import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { python } from '../../../scripts/python.ts';
import { ElanusServer } from '../harness/elanusServer.ts';

const FOLDER = fileURLToPath(new URL('../../../examples/', import.meta.url));
const server = new ElanusServer();

beforeAll(() => server.start());
afterAll(() => server.remove());

function run(command: string, program: string): string[] {
  // As in a shell: vitest's own variables make the SDK talk.
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, MILVUS_URI: `http://${server.address}` };
  const { status, stdout, stderr } = spawnSync(command, [FOLDER + program], { encoding: 'utf8', env });
  expect(status, stderr).toBe(0);
  return stdout.trimEnd().split('\n');
}

/** Names and scores under the line that begins with `title`. */
function answers(lines: readonly string[], title: string): [string, string][] {
  const first = lines.findIndex((line) => line.startsWith(title)) + 1;
  const end = lines.indexOf('', first);
  return lines.slice(first, end).map((line) => {
    const [score, name] = line.trim().split(/\s+/);
    return [name!, score!];
  });
}

/** The exact answers of data/queries.json, as names and scores. */
function exact(query: string): [string, string][] {
  const packed = readFileSync(`${FOLDER}data/packages.jsonl.gz`);
  const rows = gunzipSync(packed).toString('utf8').split('\n');
  const queries = JSON.parse(readFileSync(`${FOLDER}data/queries.json`, 'utf8')) as {
    name: string;
    answers: { filter: string; ids: number[]; scores: number[] }[];
  }[];
  const { ids, scores } = queries
    .find(({ name }) => name === query)!
    .answers.find(({ filter }) => filter === '')!;
  const nameOf = (id: number) => (JSON.parse(rows[id]!) as { name: string }).name;
  return ids.slice(0, 5).map((id, i) => [nameOf(id), scores[i]!.toFixed(3)]);
}

test('the examples in Python and TypeScript print the same, and the exact answers', () => {
  const lines = run(process.execPath, 'packages.ts');
  expect(lines[0]).toBe('3000 packages loaded');
  expect(answers(lines, 'Like inkscape')).toEqual(exact('inkscape'));
  expect(answers(lines, 'Like git').map(([name]) => name)).toEqual([
    'brz',
    'simple-revision-control',
    'mercurial-common',
    'brz-doc',
    'topgit',
  ]);
  expect(answers(lines, 'Games like supertux')).toHaveLength(5);
  expect(lines.slice(-3).map((line) => line.trim().split(/\s+/)[0])).toEqual([
    'linux-image-6.1.0-54-amd64-dbg',
    'kicad-packages3d',
    'vtk9-doc',
  ]);
  expect(run(python(), 'packages.py')).toEqual(lines);
});
