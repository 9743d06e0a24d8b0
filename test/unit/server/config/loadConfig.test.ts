import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { LIMITS } from '../../../../src/core/domain/limits.ts';
import { variables } from '../../../../src/server/config/environment.ts';
import { configJsonSchema } from '../../../../src/server/config/jsonSchema.ts';
import { ConfigError, type ConfigSources, loadConfig } from '../../../../src/server/config/loadConfig.ts';
import { type Config, configSchema } from '../../../../src/server/config/schema.ts';
import { withMaskedSecrets } from '../../../../src/server/config/secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'elanus-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

function fileOf(text: string): string {
  const path = join(folder, `${files++}.yaml`);
  writeFileSync(path, text);
  return path;
}

function load(text: string, more: Partial<ConfigSources> = {}): Promise<Config> {
  return loadConfig({ file: fileOf(text), environment: {}, commandLine: [], ...more });
}

async function problemsOf(text: string, more: Partial<ConfigSources> = {}): Promise<readonly string[]> {
  const error = await load(text, more).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).problems;
}

test('config: empty file → every key has its default', async () => {
  const config = await load('');
  expect(config.server).toMatchObject({ host: '127.0.0.1', port: 19530, adminPort: 9091 });
  expect(config.server.receiveMessageBytesMax).toBe(64 * 1024 * 1024);
  expect(config.meta).toMatchObject({ plugin: 'embedded', options: {} });
  expect(config.security.allowUnauthenticated).toBe(false);
});

test('config: limits have the defaults and names of the domain', async () => {
  const { limits } = await load('');
  for (const [name, value] of Object.entries(limits))
    expect(LIMITS[name as keyof typeof LIMITS], name).toBe(value);
});

test('config: a missing file that was named → a problem; one that was not → defaults', async () => {
  const missing = join(folder, 'missing.yaml');
  await expect(loadConfig({ file: missing, environment: {}, commandLine: [] })).rejects.toThrow(ConfigError);
  await expect(loadConfig({ file: undefined, environment: {}, commandLine: [] })).resolves.toBeDefined();
});

test('config: sizes as text and as numbers', async () => {
  for (const [text, bytes] of [
    ['1MiB', 2 ** 20],
    ['"2 MB"', 2e6],
    ['1.5MiB', 1.5 * 2 ** 20],
    ['100000', 100_000],
  ] as const) {
    const config = await load(`server: { receiveMessageBytesMax: ${text} }`);
    expect(config.server.receiveMessageBytesMax, text).toBe(bytes);
  }
});

test('config: all problems at once, each with path, value, limit, line and hint', async () => {
  const text = [
    'server:',
    '  prot: 5',
    '  adminPort: 99999',
    '  connectionsMax: 0',
    '  receiveMessageBytesMax: 1 furlong',
    'log: { level: inof }',
    'limts: 3',
    'index: 7',
  ].join('\n');
  const problems = (await problemsOf(text)).join('\n');
  expect(problems).toMatch(/server\.prot: unknown key; did you mean port\? \(.*line 2\)/);
  expect(problems).toMatch(/server\.adminPort: 99999 is above the limit of 65535 \(.*line 3\)/);
  expect(problems).toMatch(/server\.connectionsMax: 0 is below the limit of 1 \(.*line 4\)/);
  expect(problems).toMatch(/server\.receiveMessageBytesMax: expected a whole number, got "1 furlong"/);
  expect(problems).toMatch(/log\.level: "inof" is not one of debug, info, warn, error; did you mean info\?/);
  expect(problems).toMatch(/limts: unknown key; did you mean limits\?/);
  expect(problems).toMatch(/index: expected a section of keys and values, got 7/);
});

test('config: broken YAML → line and column', async () => {
  expect((await problemsOf('server:\n  port: [1\n')).join()).toMatch(/line \d+, column \d+/);
  expect((await problemsOf('- 1\n- 2\n')).join()).toMatch(/expected keys and values/);
  expect((await problemsOf('a: 1\na: 2\n')).join()).toMatch(/unique/);
});

test('config: the environment goes over the file, the command line over both', async () => {
  const environment = { ELANUS_SERVER_PORT: '2', ELANUS_SERVER_ADMIN_PORT: '3', ELANUS_DATA_DIR: '77' };
  const commandLine = [{ path: ['server', 'adminPort'], value: 4, source: '--admin-port' }];
  const config = await load('server: { port: 1, adminPort: 1 }', { environment, commandLine });
  expect(config.server).toMatchObject({ port: 2, adminPort: 4 });
  expect(config.dataDir).toBe('77');
});

test('config: every key has a variable, and no two share one', () => {
  const names = [...variables(configSchema, []).keys()];
  expect(names).toContain('ELANUS_SERVER_ADMIN_PORT');
  expect(names).toContain('ELANUS_OBJECT_STORE_PLUGIN');
  expect(names).toContain('ELANUS_LOAD_ON_FIRST_USE');
  const keys = JSON.stringify(configSchema.parse({}), (_, value: unknown) => value).match(
    /"[a-zA-Z]+":(?!\{"|\{[^}])/g,
  );
  expect(names.length).toBe(keys?.length);
});

test('config: options of plugins come from the environment too', async () => {
  const config = await load('', { environment: { ELANUS_WAL_OPTIONS_BATCH_BYTES_MAX: '65536' } });
  expect(config.wal.options).toEqual({ batchBytesMax: 65_536 });
});

test('config: unknown variables → a problem with a hint; those of Kubernetes are not ours', async () => {
  const environment = {
    ELANUS_SEVER_HOST: 'x',
    ELANUS_PORT: 'tcp://10.0.0.1:19530',
    ELANUS_PORT_19530_TCP_ADDR: '10.0.0.1',
    ELANUS_SERVICE_HOST: '10.0.0.1',
  };
  expect(await problemsOf('', { environment })).toEqual([
    'ELANUS_SEVER_HOST: no such setting; did you mean ELANUS_SERVER_HOST?',
  ]);
});

test('config: a host that others can reach → refused unless allowed', async () => {
  for (const host of ['0.0.0.0', '192.168.1.2', '::', 'db.example.org', '127.evil.org']) {
    expect((await problemsOf(`server: { host: "${host}" }`)).join(), host).toMatch(
      /security\.allowUnauthenticated: true/,
    );
    const allowed = await load(`server: { host: "${host}" }\nsecurity: { allowUnauthenticated: true }`);
    expect(allowed.server.host).toBe(host);
  }
  for (const host of ['127.0.0.1', '127.8.9.1', '::1', 'localhost']) {
    expect((await load(`server: { host: "${host}" }`)).server.host).toBe(host);
  }
});

test('config: one port for two servers → refused, but 0 twice is fine', async () => {
  expect((await problemsOf('server: { port: 9091 }')).join()).toMatch(/must differ/);
  await expect(load('server: { port: 0, adminPort: 0 }')).resolves.toBeDefined();
});

test('config: secrets are masked, in problems too', async () => {
  const masked = withMaskedSecrets({
    meta: {
      options: {
        password: 'p1',
        secretAccessKey: 'p2',
        url: 'http://user:p3@host/',
        nested: [{ token: 'p4' }],
      },
    },
  });
  expect(JSON.stringify(masked)).not.toMatch(/p[1-4]/);
  expect(JSON.stringify(masked)).toContain('host');
});

test('config: the JSON Schema in docs is the generated one and takes sizes as text', () => {
  const schema = configJsonSchema();
  const stored = readFileSync(new URL('../../../../docs/elanus.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(stored)).toEqual(JSON.parse(JSON.stringify(schema)));
  expect(stored).toContain('"pattern"');
});
