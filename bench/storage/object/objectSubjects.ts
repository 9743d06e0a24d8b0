import type { StorageSubject } from '../subject.ts';
import { azuriteServer } from './azure.ts';
import { fileSystem } from './fileSystem.ts';
import { objectRows } from './objectCases.ts';
import type { ObjectServer } from './objectPlace.ts';
import { minioServer, versitygwServer } from './s3.ts';

export const objectSubjects: readonly StorageSubject[] = [
  objectSubject('object-fs', fileSystem),
  objectSubject('object-s3, MinIO', minioServer),
  objectSubject('object-s3, versitygw', versitygwServer),
  objectSubject('object-azure, Azurite', azuriteServer),
];

function objectSubject(name: string, server: ObjectServer): StorageSubject {
  return {
    name,
    bareName: server.bareName,
    whyNot: () => server.whyNot(),
    async measure(folder, extent) {
      const place = await server.open(folder);
      try {
        const store = await place.openStore();
        try {
          return await objectRows({ store, bare: place.bare }, extent);
        } finally {
          await store.close();
        }
      } finally {
        await place.close();
      }
    },
  };
}
