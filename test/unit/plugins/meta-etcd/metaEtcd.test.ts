import { expect, test } from 'vitest';
import { metaEtcdPlugin } from '../../../../src/plugins/meta-etcd/index.ts';
import { KeyedTurns } from '../../../../src/plugins/meta-etcd/keyedTurns.ts';

const parse = (input: unknown) => metaEtcdPlugin.configSchema.parse(input);

test('configuration: defaults', () => {
  expect(parse({})).toEqual({
    endpoints: ['http://127.0.0.1:2379'],
    prefix: 'elanus',
    requestTimeoutMs: 5_000,
  });
});

test.for([
  ['no endpoint', { endpoints: [] }, 'endpoints'],
  ['an endpoint without a port', { endpoints: ['http://host'] }, 'endpoints'],
  ['an endpoint without a scheme', { endpoints: ['host:2379'] }, 'endpoints'],
  ['with and without TLS', { endpoints: ['http://a:1', 'https://b:1'] }, 'endpoints'],
  ['certificates without TLS', { endpoints: ['http://a:1'], tls: { ca: 'ca.crt' } }, 'endpoints'],
  ['a password without a user', { password: 'p' }, 'password'],
  ['a user without a password', { user: 'u' }, 'password'],
  ['a certificate without its key', { endpoints: ['https://a:1'], tls: { cert: 'c' } }, 'key'],
  ['an unknown option', { endpoint: 'http://a:1' }, 'endpoint'],
  ['no time', { requestTimeoutMs: 0 }, 'requestTimeoutMs'],
] as const)('configuration: %s → refused', ([, input, path]) => {
  expect(() => parse(input)).toThrow(path);
});

test('turns: calls that share a key run one after another in their order, whatever their outcome; others beside them', async () => {
  const turns = new KeyedTurns();
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const began: number[] = [];
  const run = (id: number, keys: string[]) =>
    turns.run(keys, async () => {
      began.push(id);
      await gates[id]!.promise;
      return id;
    });
  const results = [run(0, ['a', 'b']), run(1, ['b', 'c']), run(2, ['c']), run(3, ['d', 'd'])];
  expect(began).toEqual([0, 3]);
  gates[2]!.resolve();
  gates[0]!.reject(new Error('fails'));
  await expect(results[0]).rejects.toThrow('fails');
  await new Promise((resolve) => setImmediate(resolve));
  expect(began).toEqual([0, 3, 1]);
  let isIdle = false;
  const idle = turns.idle().then(() => {
    isIdle = true;
  });
  gates[1]!.resolve();
  expect(await Promise.all([results[1], results[2]])).toEqual([1, 2]);
  expect(isIdle).toBe(false);
  gates[3]!.resolve();
  await idle;
  expect(await run(2, ['a', 'b', 'c', 'd'])).toBe(2);
});
