import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ElanusServer } from '../../conformance/protocol/harness/elanusServer.ts';
import { build } from '../../scripts/build.ts';
import { python } from '../../scripts/python.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ADDRESS = '127.0.0.1:19530';
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'elanus-readme-'));
const server = new ElanusServer();

beforeAll(async () => {
  await build(false);
  await server.start();
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
}, 300_000);

afterAll(async () => {
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
});

interface Example {
  readonly code: string;
  readonly prints: string;
}

/** The code under a heading, and what README says that it prints. */
function example(heading: string, language: string): Example {
  const section = readme.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const code = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(section)?.[1];
  const prints = /^It prints(?:\n\n```\n([\s\S]*?)^```$| `([^`\n]+)`\.$)/m.exec(section);
  if (code === undefined || prints === null) throw new Error(`README.md: no example under ${heading}`);
  return { code, prints: prints[1] ?? `${prints[2]}\n` };
}

/** The code as it stands, in a file, but for the port of this run's server. */
function fileOf(name: string, { code }: Example): string {
  expect(code).toContain(ADDRESS);
  const path = join(folder, name);
  writeFileSync(path, code.replaceAll(ADDRESS, server.address));
  return path;
}

/** As in a person's shell: the SDK logs every call when it sees that a test runs it. */
const { NODE_ENV: _, ...shell } = process.env;

function output(command: string, args: readonly string[]): string {
  const options = { cwd: folder, env: shell, encoding: 'utf8', timeout: 60_000 } as const;
  const { status, stdout, stderr } = spawnSync(command, args, options);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

test('README: the Python lines print what it says', () => {
  const lines = example('Ten lines of Python', 'python');
  expect(output(python(), [fileOf('fruit.py', lines)])).toBe(lines.prints);
});

test('README: the TypeScript lines print what it says', () => {
  const lines = example('Ten lines of TypeScript', 'ts');
  expect(output(process.execPath, [fileOf('nuts.ts', lines)])).toBe(lines.prints);
});

test('README: the TypeScript lines are right to the strict compiler', () => {
  const path = fileOf('nuts.mts', example('Ten lines of TypeScript', 'ts'));
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck'];
  const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
  execFileSync('tsc', [...options, ...types, path], { cwd: folder, encoding: 'utf8' });
});
