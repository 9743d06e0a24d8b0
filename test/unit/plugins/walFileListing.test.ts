import { mkdtempSync, rmdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { nodeFileSystem } from '../../../src/plugins/wal-file/nodeFileSystem.ts';

const folders: string[] = [];

/** A directory that was last changed an hour ago, holding `a`. */
function oldDirectory(): string {
  const folder = mkdtempSync(join(tmpdir(), 'elanus-listing-'));
  folders.push(folder);
  writeFileSync(join(folder, 'a'), '');
  const then = new Date(Date.now() - 3_600_000);
  utimesSync(folder, then, then);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

test('a directory that did not change for long: what comes and goes is seen at once', () => {
  const folder = oldDirectory();
  for (let round = 0; round < 3; round++) expect(nodeFileSystem.listNames(folder)).toEqual(['a']);
  writeFileSync(join(folder, 'b'), '');
  expect(nodeFileSystem.listNames(folder).sort()).toEqual(['a', 'b']);
  rmSync(join(folder, 'a'));
  expect(nodeFileSystem.listNames(folder)).toEqual(['b']);
});

test('names are the caller’s own', () => {
  const folder = oldDirectory();
  nodeFileSystem.listNames(folder).push('x');
  nodeFileSystem.listNames(folder).push('y');
  expect(nodeFileSystem.listNames(folder)).toEqual(['a']);
});

test('a directory that is gone, or another one of its name → its own names', () => {
  const folder = oldDirectory();
  expect(nodeFileSystem.listNames(folder)).toEqual(['a']);
  rmSync(join(folder, 'a'));
  rmdirSync(folder);
  expect(nodeFileSystem.listNames(folder)).toEqual([]);
});
