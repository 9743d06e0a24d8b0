import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { absentOptional } from '../../scripts/completeLock.ts';
import { deadNames } from './tidy/documents.ts';
import { importViolations } from './tidy/importTable.ts';
import { filesBelow, type SourceFile } from './tidy/sourceText.ts';
import { bannedWords, ofOneMachine, swallowedErrors, tooLong, unfinished } from './tidy/textRules.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDERS = ['src', 'test', 'scripts', 'conformance', 'bench', 'examples'].filter((folder) =>
  existsSync(join(ROOT, folder)),
);
const SOURCES = filesBelow(ROOT, FOLDERS, ['.ts']);

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Readonly<
  Record<
    'scripts' | 'dependencies' | 'devDependencies' | 'peerDependencies',
    Readonly<Record<string, string>>
  >
>;

/** What is in the repository or would be added to it: all that git does not ignore. */
function repositoryPaths(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return listed.split('\n').filter((path) => path !== '' && existsSync(join(ROOT, path)));
}

function repositoryFiles(): SourceFile[] {
  return repositoryPaths()
    .filter((path) => /\.(?:ts|js|json|ya?ml|md|proto|sh|html|css|txt)$|(?:^|\/)[^.]+$/.test(path))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

test('repository: the checks see its files', () => {
  expect(SOURCES.length).toBeGreaterThan(50);
  for (const folder of ['src/core/domain/', 'src/core/ports/', 'src/plugins/', 'src/server/']) {
    expect(SOURCES.filter(({ path }) => path.startsWith(folder)).length, folder).toBeGreaterThan(3);
  }
  expect(repositoryFiles().length).toBeGreaterThan(SOURCES.length);
});

test('repository: imports follow the table', () => {
  expect(importViolations(SOURCES)).toEqual([]);
});

test('repository: core takes time, chance and output from ports', () => {
  expect(bannedWords(SOURCES)).toEqual([]);
});

test('repository: nothing is unfinished, no test is left out', () => {
  expect(unfinished(SOURCES)).toEqual([]);
});

test('repository: no error is swallowed', () => {
  expect(swallowedErrors(SOURCES)).toEqual([]);
});

test('repository: files are short', () => {
  expect(tooLong(SOURCES)).toEqual([]);
});

test('repository: no paths or hosts of one machine', () => {
  expect(ofOneMachine(repositoryFiles())).toEqual([]);
});

test('repository: documents name files that exist', () => {
  const documents = repositoryFiles().filter(({ path }) => path.endsWith('.md'));
  expect(documents.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/architecture.md']),
  );
  expect(deadNames(documents, repositoryPaths())).toEqual([]);
});

test('repository: documents name npm scripts that exist', () => {
  const documents = repositoryFiles().filter(({ path }) => path.endsWith('.md') || path === '.ci/run');
  const named = documents.flatMap(({ text }) =>
    Array.from(text.matchAll(/npm run ([\w:]+)/g), ([, name]) => name!),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !Object.hasOwn(manifest.scripts, name))).toEqual([]);
});

test('repository: the lock file holds the packages of all platforms, or npm ci would refuse it', () => {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Parameters<typeof absentOptional>[0];
  };
  expect(Object.keys(lock.packages).length).toBeGreaterThan(100);
  expect(absentOptional(lock.packages)).toEqual([]);
});

test('repository: versions are exact; optional packages are tested and documented in the version that fits', () => {
  const { dependencies, devDependencies, peerDependencies } = manifest;
  const versions = Object.values({ ...dependencies, ...devDependencies, ...peerDependencies });
  expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  const documented = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
  for (const [name, version] of Object.entries(peerDependencies)) {
    // Its install script needs a compiler and a library: `npm run servers` builds it for the tests.
    if (name !== 'pulsar-client') expect(devDependencies[name]).toBe(version);
    expect(documented).toContain(`npm install ${name}@${version}`);
  }
});

const planted = mkdtempSync(join(tmpdir(), 'elanus-tidy-'));
afterAll(() => rmSync(planted, { recursive: true, force: true }));

/** Writes files into a tree of their own and reads them back as the checks would. */
function plant(name: string, files: Readonly<Record<string, string>>): SourceFile[] {
  const root = join(planted, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return filesBelow(root, ['.'], ['.ts']);
}

const FORBIDDEN = [
  { path: 'src/core/domain/a.ts', text: "import { x } from '../ports/x.ts';" },
  { path: 'src/core/domain/a.ts', text: "import { z } from 'zod';" },
  { path: 'src/core/ports/a.ts', text: "import type { X } from '../segment/x.ts';" },
  { path: 'src/core/segment/a.ts', text: "import { readFileSync } from 'node:fs';" },
  { path: 'src/core/segment/a.ts', text: "import fs from 'fs';" },
  { path: 'src/core/segment/a.ts', text: "import { x } from '../../plugins/memory/x.ts';" },
  { path: 'src/core/segment/a.ts', text: "import type { X } from '../../plugins/memory/x.ts';" },
  { path: 'src/core/segment/a.ts', text: "export { x } from '../../server/compute/x.ts';" },
  { path: 'src/core/segment/a.ts', text: "export * from 'inversify';" },
  { path: 'src/core/segment/a.ts', text: "const x = await import('../../server/x.ts');" },
  { path: 'src/core/segment/a.ts', text: "type X = import('../../server/x.ts').X;" },
  { path: 'src/core/segment/a.ts', text: 'const x = await import(name);' },
  { path: 'src/core/segment/a.ts', text: "import {\n  a,\n  b,\n} from '../../gen/milvus/schema.ts';" },
  { path: 'src/core/segment/a.ts', text: "import 'reflect-metadata';" },
  { path: 'src/core/segment/a.ts', text: "import { x } from '../../../test/unit/x.ts';" },
  { path: 'src/core/layers/a.ts', text: "import { x } from '../segment/x.ts';" },
  { path: 'src/plugin.ts', text: "import { x } from './core/segment/x.ts';" },
  { path: 'src/serve.ts', text: "import { x } from './server/wiring/x.ts';" },
  { path: 'src/plugins/one/a.ts', text: "import { x } from '../two/x.ts';" },
  { path: 'src/plugins/one/a.ts', text: "import type { X } from '../../core/segment/x.ts';" },
  { path: 'src/plugins/one/a.ts', text: "const x = await import('../../server/x.ts');" },
  { path: 'src/plugins/one/a.ts', text: "import { Container } from 'inversify';" },
  { path: 'src/plugins/one/a.ts', text: "import { kit } from '../../../conformance/storage/kit.ts';" },
  { path: 'src/server/transports/a.ts', text: "import { x } from '../../plugins/memory/x.ts';" },
  { path: 'src/server/transports/a.ts', text: "import { TOKENS } from '../wiring/tokens.ts';" },
  { path: 'src/server/wiring/a.ts', text: "import type { X } from '../../gen/milvus/schema.ts';" },
  { path: 'src/server/compute/a.ts', text: "import { x } from '../wiring/x.ts';" },
  { path: 'src/somewhere/a.ts', text: 'export const x = 1;' },
] as const;

test.each(FORBIDDEN)('import table: $path with $text → refused', ({ path, text }) => {
  const files = plant(`forbidden-${FORBIDDEN.findIndex((one) => one.path === path && one.text === text)}`, {
    [path]: text,
  });
  expect(importViolations(files)).toHaveLength(1);
});

test('import table: allowed imports and prose → nothing', () => {
  const files = plant('allowed', {
    'src/core/segment/a.ts':
      "// import { x } from 'node:fs';\nimport { x } from '../domain/x.ts';\nimport 'apache-arrow';",
    'src/core/ports/a.ts': "/** As in: import x from 'zod'. */\nimport type { X } from '../domain/x.ts';",
    'src/plugins/one/a.ts': "import lmdb from 'lmdb';\nimport { x } from './x.ts';\nimport 'node:fs';",
    'src/server/wiring/a.ts':
      "import 'inversify';\nimport { x } from '../../plugins/one/a.ts';\nawait import(name);",
    'src/server/transports/a.ts': "import type { X } from '../../gen/milvus/schema.ts';",
  });
  expect(importViolations(files)).toEqual([]);
});

test('text rules: planted words → found, in code only', () => {
  const clocks = [
    'Date.now()',
    'new Date()',
    'Math.random()',
    'setTimeout(f)',
    'setInterval(f)',
    'setImmediate(f)',
    'process.pid',
  ];
  const files = plant('words', {
    'src/core/x/a.ts': clocks.map((word) => `a = ${word};\n`).join(''),
    'src/core/x/b.ts': `${clocks.map((word) => `// ${word}\nb = '${word}';\n`).join('')}`,
    'src/server/x/c.ts': 'c = Date.now();',
  });
  expect(bannedWords(files)).toHaveLength(clocks.length);
});

test('text rules: unfinished work, left-out tests, long files, machine paths → found', () => {
  const left = ['test', 'it', 'describe'].map((name) => `${name}.${'only'}('x', f);\n`).join('');
  const files = plant('rules', {
    'test/a.test.ts': left,
    'src/core/x/a.ts': `// ${'TO'}${'DO'}: later\n`,
    'src/core/x/long.ts': 'x;\n'.repeat(401),
    'src/core/x/b.ts': `const path = '${'/wo'}${'rk/main'}';`,
  });
  const swallowing =
    'try { f(); } catch {}\ntry { f(); } catch (error) {\n  // why not\n}\ng.catch(() => {});';
  expect(swallowedErrors([{ path: 'src/server/x/d.ts', text: swallowing }])).toHaveLength(3);
  expect(unfinished(files)).toHaveLength(4);
  expect(tooLong(files)).toHaveLength(1);
  expect(ofOneMachine(files)).toHaveLength(1);
});

test('documents: planted dead links, files and folders → found, others not', () => {
  const text = [
    '[gone](docs/gone.md) [here](docs/here.md) [folder](docs/) [web](https://x.test/a.md)',
    '`src/core/gone.ts` `core/here.ts` `src/core/{here,lost}.ts` `src/nowhere/at-all` `src/core`',
    '`./my-own.ts` `elanus.yaml` `a <b>`',
    '```sh',
    'node `scripts/unseen.ts`',
    '```',
  ].join('\n');
  const paths = ['docs/here.md', 'src/core/here.ts'];
  expect(deadNames([{ path: 'README.md', text }], paths)).toEqual(
    ['docs/gone.md', 'src/core/gone.ts', 'src/core/lost.ts', 'src/nowhere/at-all'].map(
      (name) => `README.md: there is no ${name}`,
    ),
  );
});

test('lock file: an optional package without an entry → found, wherever it may lie', () => {
  const packages = {
    '': {},
    'node_modules/tool': {
      dev: true,
      optionalDependencies: { 'tool-linux-x64': '1.0.0', 'tool-win32-x64': '1.0.0' },
    },
    'node_modules/tool-linux-x64': {},
    'node_modules/a/node_modules/b': { optionalDependencies: { near: '1.0.0', above: '1.0.0' } },
    'node_modules/a/node_modules/near': {},
    'node_modules/above': {},
  };
  expect(absentOptional(packages)).toEqual([{ name: 'tool-win32-x64', version: '1.0.0', dev: true }]);
});
