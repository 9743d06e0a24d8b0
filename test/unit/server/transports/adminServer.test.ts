import { expect, test } from 'vitest';
import { MetricsRegistry } from '../../../../src/server/metrics/metricsRegistry.ts';
import { processMetricsText } from '../../../../src/server/metrics/processMetrics.ts';
import { type AdminServer, openAdminServer } from '../../../../src/server/transports/admin/adminServer.ts';
import { raw } from './serverFixture.ts';

function serve(reason: () => string | undefined, metrics: MetricsRegistry): Promise<AdminServer> {
  return openAdminServer({
    host: '127.0.0.1',
    port: 0,
    unhealthyReason: reason,
    metricsText: async () => metrics.text() + processMetricsText(),
  });
}

test('admin: /healthz as text and JSON, 500 when unhealthy; /livez always', async () => {
  let reason: string | undefined;
  const admin = await serve(() => reason, new MetricsRegistry());
  const url = `http://127.0.0.1:${admin.port}`;
  const healthy = await fetch(`${url}/healthz?x=1`);
  expect([healthy.status, await healthy.text()]).toEqual([200, 'OK']);
  reason = 'stopping';
  const unhealthy = await fetch(`${url}/healthz`, { headers: { accept: 'application/json' } });
  expect([unhealthy.status, await unhealthy.json()]).toEqual([500, { state: 'stopping', detail: [] }]);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  await admin.close();
});

test('admin: /metrics in the exposition format', async () => {
  const metrics = new MetricsRegistry();
  metrics.counter('elanus_rpcs_total', 'Calls.').add(2, { rpc: 'Search', note: 'a"b\\c' });
  metrics.counter('elanus_rpcs_total', 'Calls.').add(1, { rpc: 'Search', note: 'a"b\\c' });
  metrics.gauge('elanus_rows', 'Rows.').set(7);
  const histogram = metrics.histogram('elanus_search_seconds', 'Time.');
  for (const seconds of [0.0001, 0.0002, 3, 99]) histogram.observe(seconds);
  const admin = await serve(() => undefined, metrics);
  const answer = await fetch(`http://127.0.0.1:${admin.port}/metrics`);
  expect(answer.headers.get('content-type')).toContain('version=0.0.4');
  const lines = (await answer.text()).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      '# TYPE elanus_rpcs_total counter',
      'elanus_rpcs_total{rpc="Search",note="a\\"b\\\\c"} 3',
      'elanus_rows 7',
      'elanus_search_seconds_bucket{le="0.0001"} 1',
      'elanus_search_seconds_bucket{le="0.00025"} 2',
      'elanus_search_seconds_bucket{le="5"} 3',
      'elanus_search_seconds_bucket{le="+Inf"} 4',
      'elanus_search_seconds_count 4',
      'elanus_search_seconds_sum 102.0003',
    ]),
  );
  expect(lines.find((line) => line.startsWith('process_resident_memory_bytes '))).toBeDefined();
  await admin.close();
});

test('admin: other pages → 404 that names those there are; other methods → 405; odd URLs do no harm', async () => {
  const admin = await serve(() => undefined, new MetricsRegistry());
  const url = `http://127.0.0.1:${admin.port}`;
  const missing = await fetch(`${url}/webui/`);
  expect([missing.status, await missing.text()]).toEqual([
    404,
    'no page /webui/; there are /healthz, /livez and /metrics\n',
  ]);
  expect((await fetch(`${url}/healthz`, { method: 'DELETE' })).status).toBe(405);
  const odd = await raw(admin.port, ['GET http://[ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n']);
  expect(odd).toMatch(/^HTTP\/1\.1 404 /);
  await admin.close();
});
