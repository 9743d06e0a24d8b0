import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { ElanusError } from '../../core/domain/errors.ts';
import type { Calls } from './calls.ts';
import type { ObjectS3Config } from './config.ts';
import { failureOf, s3Error } from './errors.ts';
import type { ConditionHeaders } from './multipart.ts';

/**
 * Writes, reads, lists and deletes an object of its own, whose name no key can have, and checks that the server refuses writes
 * whose condition fails: one that ignores conditions would let several writers win.
 */
export async function probe(calls: Calls, config: ObjectS3Config, root: string, uuid: string): Promise<void> {
  const { bucket, endpoint = 'AWS', region } = config;
  const place = { Bucket: bucket, Key: `${root}~probe-${uuid}` };
  const context = { bucket, endpoint, region };
  const step = async (doing: string, run: () => Promise<unknown>): Promise<void> => {
    try {
      await run();
    } catch (caught) {
      throw s3Error(caught, `${doing} bucket ${bucket} at ${endpoint}`, context);
    }
  };
  const put = (condition: ConditionHeaders) =>
    calls.retried((client, options) =>
      client.send(new PutObjectCommand({ ...place, ...condition, Body: Buffer.from(uuid) }), options),
    );
  const refused = async (condition: ConditionHeaders): Promise<void> => {
    try {
      await put(condition);
    } catch (caught) {
      if (failureOf(caught).isConditionFailed) return;
      throw caught;
    }
    throw new ElanusError('Unsupported', `object store: the server of bucket ${bucket} ignores conditions`, {
      context,
    });
  };
  await step('write to', () => put({}));
  await step('write on a condition to', () => refused({ IfNoneMatch: '*' }));
  await step('write on a condition to', () => refused({ IfMatch: '"00000000000000000000000000000000"' }));
  await step('read from', () =>
    calls.retried(async (client, options) =>
      (await client.send(new GetObjectCommand(place), options)).Body?.transformToByteArray(),
    ),
  );
  await step('list', () =>
    calls.retried((client, options) =>
      client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: place.Key }), options),
    ),
  );
  await step('delete from', () =>
    calls.retried((client, options) => client.send(new DeleteObjectCommand(place), options)),
  );
}
