import { expect, test } from 'vitest';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import { Storage, startRoles } from '../../../harness/roles.ts';
import { columnOfValues } from '../../../model/columnValues.ts';
import { field } from './fields.ts';

test('objects that no segment names are deleted after a restart, those of segments stay', async () => {
  const storage = new Storage();
  const roles = await startRoles(storage);
  const collection = await roles.coordinator.createCollection({
    requestId: 'create',
    databaseName: 'default',
    schema: {
      name: 'things',
      description: '',
      enableDynamicField: false,
      version: 0,
      fields: [
        field('id', DataType.Int64, { isPrimaryKey: true }),
        field('vector', DataType.FloatVector, { dim: 2, typeParams: [{ key: 'dim', value: '2' }] }),
      ],
    },
    shardsNum: 1,
    consistencyLevel: 0,
    properties: [],
    numPartitions: 0,
  });
  const [id, vector] = collection.schema.fields;
  const { vchannel } = collection.vchannels[0]!;
  const { collectionId } = collection;
  const batch = {
    rows: 1,
    columns: [
      { fieldId: id!.fieldId, column: columnOfValues(id!, [1n]) },
      { fieldId: vector!.fieldId, column: columnOfValues(vector!, [[1, 2]]) },
    ],
  };
  await roles.streaming.write({
    requestId: 'write',
    vchannel,
    collectionId,
    schemaVersion: 0,
    deleteKeys: undefined,
    deletePartitionIds: undefined,
    inserts: [{ partitionId: collection.partitions[0]!.partitionId, batch }],
  });
  await roles.streaming.flush({ requestId: 'flush', vchannel, collectionId });
  await roles.streaming.stop();
  const kept = (await storage.objects.list('segments/')).map(({ key }) => key);
  expect(kept.length).toBeGreaterThan(0);
  await storage.objects.put(`segments/${collectionId}/1/scalars.arrow`, new Uint8Array(3));
  await storage.objects.put('segments/999999/2/scalars.arrow', new Uint8Array(3));

  storage.wal.crash();
  const again = await startRoles(storage);
  await again.streaming.stop();
  expect((await storage.objects.list('segments/')).map(({ key }) => key)).toEqual(kept);
  expect(again.errors).toEqual([]);
});
