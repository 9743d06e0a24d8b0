import { pluginDeps } from '../../../conformance/storage/pluginDeps.ts';
import { walObjectPlugin } from '../../../src/plugins/wal-object/index.ts';
import { azuriteServer } from '../object/azure.ts';
import { deleteAll } from '../object/deleteAll.ts';
import { fileSystem } from '../object/fileSystem.ts';
import type { ObjectServer } from '../object/objectPlace.ts';
import { minioServer } from '../object/s3.ts';
import type { WalServer } from './walPlace.ts';

/** Of the publisher of Woodpecker, on MinIO. */
const MINIO_RATE_MIN = 70;
const LOW_LOAD_P50_FACTOR_MAX = 1.3;

function objectLog(server: ObjectServer, more: Partial<WalServer>): WalServer {
  return {
    name: `wal-object, ${server.name}`,
    bareName: `one put a record, ${server.bareName}`,
    ...more,
    whyNot: () => server.whyNot(),
    async open(folder) {
      const place = await server.open(folder);
      const config = walObjectPlugin.configSchema.parse({});
      return {
        async openWal() {
          const objectStore = await place.openStore();
          const wal = await walObjectPlugin.create(config, { ...pluginDeps, objectStore });
          const close = async (): Promise<void> => {
            await wal.close();
            await objectStore.close();
          };
          return { wal, close };
        },
        async openBare(channel) {
          let puts = 0;
          const keyOf = (number: number): string => `bare-wal/${channel}/${number}`;
          return {
            append: (record) => place.bare.put(keyOf(puts++), record),
            close: () => deleteAll(place.bare, keyOf, puts),
          };
        },
        close: () => place.close(),
      };
    },
  };
}

export const objectLogs: readonly WalServer[] = [
  objectLog(fileSystem, {}),
  objectLog(minioServer, {
    putsOverHttp: true,
    rateMin: MINIO_RATE_MIN,
    p50FactorMax: LOW_LOAD_P50_FACTOR_MAX,
  }),
  objectLog(azuriteServer, { putsOverHttp: true }),
];
