import { relative } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { ServerAddresses } from '../wiring/startServer.ts';

/** What a person sees when the server is ready. */
export function startMessage(
  { host, port, adminPort, dataDir }: ServerAddresses,
  config: Config,
  version: string,
): string {
  const shownHost = host.includes(':') ? `[${host}]` : host;
  const folder = relative(process.cwd(), dataDir);
  const data = folder.startsWith('..') || folder === '' ? dataDir : folder;
  const backends = `meta ${config.meta.plugin}, wal ${config.wal.plugin}, objects ${config.objectStore.plugin}, index ${config.index.graph}`;
  return `Elanus ${version} listens on ${shownHost}:${port}
  data     ${data} (${backends})
  health   http://${shownHost}:${adminPort}/healthz
  connect  MilvusClient(uri="http://${shownHost}:${port}")
`;
}
