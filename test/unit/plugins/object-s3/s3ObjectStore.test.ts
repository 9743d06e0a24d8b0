import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fails, patternBytes, utf8 } from '../../../../conformance/storage/checks.ts';
import type { ObjectStore } from '../../../../src/core/ports/objectStore.ts';
import { objectS3Plugin } from '../../../../src/plugins/object-s3/index.ts';
import { pluginDeps } from '../../../kits/pluginDeps.ts';
import { type FakeReply, fakeServer } from './fakeServer.ts';

const MIB = 1024 * 1024;
const LIST = '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>';

function optionsAt(port: number, more: Readonly<Record<string, unknown>> = {}) {
  const keys = { accessKeyId: 'key', secretAccessKey: 'secret' };
  return { bucket: 'bucket', endpoint: `http://127.0.0.1:${port}`, ...keys, retriesMax: 2, ...more };
}

function open(options: unknown): Promise<ObjectStore> {
  return objectS3Plugin.create(objectS3Plugin.configSchema.parse(options), pluginDeps);
}

/** What lets a store open: conditions fail, as they must for a key that was just written. */
function answerProbe(method: string, conditional: boolean): FakeReply {
  if (method === 'PUT')
    return conditional
      ? { status: 412, body: '<Error><Code>PreconditionFailed</Code></Error>' }
      : { status: 200, headers: { etag: '"e"' } };
  if (method === 'DELETE') return { status: 204 };
  return { status: 200, headers: { etag: '"e"' }, body: LIST };
}

test('a server that ignores conditions → Unsupported', async () => {
  const port = await fakeServer(({ method }) => answerProbe(method!, false));
  const error = await fails('Unsupported', () => open(optionsAt(port)));
  expect(error.text).toContain('ignores conditions');
});

test('the bucket in the path, the prefix before the key, one signed request a put', async () => {
  const paths: string[] = [];
  const port = await fakeServer(({ method, url, headers }) => {
    paths.push(`${method} ${url!.split('?')[0]} ${headers['x-amz-meta-x'] ?? ''}`.trim());
    return answerProbe(method!, 'if-none-match' in headers || 'if-match' in headers);
  });
  const store = await open(optionsAt(port, { prefix: 'a/b' }));
  paths.length = 0;
  await store.put('c/d', utf8('x'));
  expect(paths).toEqual(['PUT /bucket/a/b/c/d']);
  await store.close();
});

test('versitygw: a put whose folders a deletion removed meanwhile is sent again; a key below an object stays Invalid', async () => {
  let refusalsLeft = 0;
  let puts = 0;
  const port = await fakeServer(({ method, headers }) => {
    const isPut = method === 'PUT' && !('if-none-match' in headers || 'if-match' in headers);
    if (isPut) puts++;
    if (isPut && refusalsLeft-- > 0)
      return { status: 409, body: '<Error><Code>ExistingObjectIsDirectory</Code></Error>' };
    return answerProbe(method!, 'if-none-match' in headers || 'if-match' in headers);
  });
  const store = await open(optionsAt(port));
  puts = 0;
  refusalsLeft = 2;
  expect(await store.put('a/b/c', utf8('x'))).toBe('e');
  expect(puts).toBe(3);
  refusalsLeft = Number.POSITIVE_INFINITY;
  await fails('Invalid', () => store.put('a/b/c', utf8('x')));
  await store.close();
});

test('parts of a large object: partsInFlightMax at a time, each sent again when it fails', async () => {
  let inFlight = 0;
  let inFlightMost = 0;
  const three = Promise.withResolvers<void>();
  const parts = new Map<string, number>();
  let failuresLeft = 3;
  const port = await fakeServer(async ({ method, url, headers }, body) => {
    const query = new URL(url!, 'http://fake').searchParams;
    if (method === 'POST' && query.has('uploads'))
      return { status: 200, body: '<R><UploadId>u</UploadId></R>' };
    if (method === 'POST')
      return {
        status: 200,
        body: '<CompleteMultipartUploadResult><ETag>"all-4"</ETag></CompleteMultipartUploadResult>',
      };
    const part = query.get('partNumber');
    if (part === null) return answerProbe(method!, 'if-none-match' in headers || 'if-match' in headers);
    inFlightMost = Math.max(inFlightMost, ++inFlight);
    // No answer until three are there; a fourth would come during the turns after that.
    if (inFlight === 3) three.resolve();
    await three.promise;
    for (let i = 0; i < 20; i++) await turn();
    inFlight--;
    if (failuresLeft-- > 0) return { status: 503 };
    parts.set(part, body.length);
    return { status: 200, headers: { etag: `"${part}"` } };
  });
  const store = await open(optionsAt(port, { partBytes: 5 * MIB, partsInFlightMax: 3, retriesMax: 4 }));
  expect(await store.put('large', patternBytes(17 * MIB, 1))).toBe('all-4');
  expect(inFlightMost).toBe(3);
  expect([...parts].sort()).toEqual([
    ['1', 5 * MIB],
    ['2', 5 * MIB],
    ['3', 5 * MIB],
    ['4', 2 * MIB + 24],
  ]);
  await store.close();
});

test('a part that cannot be sent → the upload is aborted, and nothing is sent any more', async () => {
  const requests: string[] = [];
  const port = await fakeServer(({ method, url, headers }) => {
    const query = new URL(url!, 'http://fake').searchParams;
    if (method === 'POST') return { status: 200, body: '<R><UploadId>u</UploadId></R>' };
    if (query.has('uploadId')) requests.push(`${method} ${query.get('partNumber') ?? 'upload'}`);
    if (query.has('partNumber')) return { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' };
    return answerProbe(method!, 'if-none-match' in headers || 'if-match' in headers);
  });
  const store = await open(optionsAt(port, { partBytes: 5 * MIB, partsInFlightMax: 1 }));
  await fails('Unavailable', () => store.put('large', new Uint8Array(21 * MIB)));
  expect(requests).toEqual(['PUT 1', 'DELETE upload']);
  await store.close();
});

test('a server that answers a range with the whole object → Unsupported', async () => {
  const port = await fakeServer(({ method, headers }) =>
    answerProbe(method!, 'if-none-match' in headers || 'if-match' in headers),
  );
  const store = await open(optionsAt(port));
  await fails('Unsupported', () => store.getRange('a', 0, 1, new Uint8Array(1)));
  await store.close();
});

test('a gateway that gives up on a put (502, 504, no XML) → Unknown, and it is not sent again', async () => {
  for (const status of [502, 504]) {
    let puts = 0;
    const port = await fakeServer(({ method, url, headers }) => {
      if (!url!.includes('/doubtful'))
        return answerProbe(method!, 'if-none-match' in headers || 'if-match' in headers);
      if (method === 'GET') return { status: 404 };
      puts++;
      return { status, headers: { 'content-type': 'text/html' }, body: '<html><br>gone' };
    });
    const store = await open(optionsAt(port));
    const error = await fails('Unknown', () => store.put('doubtful', utf8('x')));
    expect(error.text).toContain('may have happened');
    expect(puts).toBe(1);
    await store.close();
  }
});
