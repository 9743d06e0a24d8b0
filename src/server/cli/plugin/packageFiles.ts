import packageManifest from '../../../../package.json' with { type: 'json' };
import type { PluginPort } from '../../wiring/builtInPlugins.ts';

const { version, devDependencies } = packageManifest;

/** The adapters a package starts from, below dist/templates. */
export function templatesOf(port: PluginPort): readonly string[] {
  return TEMPLATES[port];
}

const TEMPLATES: Readonly<Record<PluginPort, readonly string[]>> = {
  meta: ['memoryMetaStore.ts', 'sortedKeys.ts'],
  wal: ['memoryWal.ts'],
  objectStore: ['memoryObjectStore.ts', 'sortedKeys.ts'],
  index: ['scanIndex.ts'],
};

/** The other files of a new package by their path. `name` is the plugin's. */
export function packageFiles(port: PluginPort, packageName: string, name: string): Record<string, string> {
  return {
    'package.json': `${JSON.stringify(manifestOf(port, packageName), undefined, 2)}\n`,
    'tsconfig.json': TSCONFIG,
    '.gitignore': 'node_modules/\ndist/\n',
    'README.md': readmeOf(port, packageName),
    'src/index.ts': INDEX[port](name),
    'test/kit.test.ts': KIT_TEST,
  };
}

function manifestOf(port: PluginPort, packageName: string) {
  return {
    name: packageName,
    version: '0.1.0',
    description: `A plugin of Elanus for ${port}`,
    keywords: ['elanus-plugin'],
    type: 'module',
    exports: './dist/index.js',
    files: ['dist'],
    scripts: { build: 'tsc', test: 'node --test "test/*.test.ts"', prepack: 'npm run build' },
    // A log in memory is known by a name, so that a second process can be played.
    elanus: { check: port === 'wal' ? { log: '{id}' } : {} },
    peerDependencies: { elanus: `^${version}` },
    devDependencies: {
      '@types/node': `^${devDependencies['@types/node']}`,
      typescript: `^${devDependencies.typescript}`,
    },
  };
}

const TSCONFIG = `{
  "compilerOptions": {
    "target": "ES2024",
    "module": "NodeNext",
    "types": ["node"],
    "rootDir": "src",
    "outDir": "dist",
    "declaration": true,
    "strict": true,
    "erasableSyntaxOnly": true,
    "rewriteRelativeImportExtensions": true,
    "verbatimModuleSyntax": true
  },
  "include": ["src"]
}
`;

const KIT_TEST = `import { pluginConformance } from 'elanus/conformance';
import { registerCases } from 'elanus/conformance/node-test';
import manifest from '../package.json' with { type: 'json' };

const plugin = new URL('../src/index.ts', import.meta.url);
const kit = await pluginConformance(plugin, { options: manifest.elanus.check });
registerCases(\`\${kit.port}: \${kit.name}\`, kit.cases);
`;

const NO_OPTIONS = `/** What elanus.yaml gives below options. A zod schema fits here too. */
const configSchema = {
  parse(input: unknown): Record<string, never> {
    if (typeof input === 'object' && input !== null && Object.keys(input).length === 0) return {};
    throw new TypeError('this plugin takes no options');
  },
};
`;

const CAPABILITIES = `  // What is promised is tested: durable adds cases that kill a process, sharedByProcesses those of several at once.
  capabilities: { durable: false, sharedByProcesses: false },`;

function storage(port: PluginPort, name: string, className: string, module: string): string {
  return `import { definePlugin } from 'elanus/plugin';
import { ${className} } from './${module}.ts';

${NO_OPTIONS}
export default definePlugin({
  port: '${port}',
  portVersion: 1,
  name: '${name}',
  configSchema,
${CAPABILITIES}
  create: async (_config, deps) => new ${className}(deps),
});
`;
}

const INDEX: Readonly<Record<PluginPort, (name: string) => string>> = {
  meta: (name) => storage('meta', name, 'MemoryMetaStore', 'memoryMetaStore'),
  objectStore: (name) => storage('objectStore', name, 'MemoryObjectStore', 'memoryObjectStore'),
  wal: (name) => `import { definePlugin } from 'elanus/plugin';
import { MemoryWal, MemoryWalStorage } from './memoryWal.ts';

/** Logs by their name: those that are opened under one name are one log, as if several processes used it. */
const storages = new Map<string, MemoryWalStorage>();

/** What elanus.yaml gives below options. A zod schema fits here too. */
const configSchema = {
  parse(input: unknown): { readonly log: string } {
    const { log = 'log' } = input as { readonly log?: unknown };
    if (typeof log !== 'string') throw new TypeError('log must be a text');
    return { log };
  },
};

function storageOf(log: string): MemoryWalStorage {
  const storage = storages.get(log) ?? new MemoryWalStorage();
  storages.set(log, storage);
  return storage;
}

export default definePlugin({
  port: 'wal',
  portVersion: 1,
  name: '${name}',
  configSchema,
${CAPABILITIES}
  create: async ({ log }) => new MemoryWal(storageOf(log)),
});
`,
  index: (name) => `import { definePlugin } from 'elanus/plugin';
import { SCAN_CAPABILITIES } from './scanIndex.ts';

${NO_OPTIONS}
export default definePlugin({
  port: 'index',
  portVersion: 1,
  name: '${name}',
  configSchema,
  capabilities: SCAN_CAPABILITIES,
  // Every thread loads it by its URL: beside this file, .ts here and .js in the package.
  workerModule: import.meta.url.replace(/index(?=\\.[jt]s$)/, 'scanIndex'),
});
`,
};

function readmeOf(port: PluginPort, packageName: string): string {
  const key = port === 'index' ? 'graph' : 'plugin';
  return `# ${packageName}

A plugin of Elanus for \`${port}\`. Its contract is the type of that port in \`elanus/plugin\`.

    npm test                     the kit of the port (Node.js 22.18 or newer)
    npm run build                the package, in dist/
    npx elanus plugin check .    the kit on the built package

In elanus.yaml:

    ${port}:
      ${key}: ${packageName}
`;
}
