import type { BlobRequestConditions, ContainerClient } from '@azure/storage-blob';
import { ElanusError } from '../../core/domain/errors.ts';
import type { Calls } from './calls.ts';
import { azureError, failureOf } from './errors.ts';

/**
 * Writes, reads, lists and deletes a blob of its own, whose name no key can have, and checks that the service refuses writes
 * whose condition fails: one that ignores conditions would let several writers win.
 */
export async function probe(
  calls: Calls,
  { accountName, containerName, url }: ContainerClient,
  root: string,
  uuid: string,
): Promise<void> {
  const name = `${root}~probe-${uuid}`;
  // Of the URL only the host: the rest may hold a signature.
  const { host } = new URL(url);
  const place = `container ${containerName} at ${host}`;
  const context = { container: containerName, account: accountName, host };
  const step = async (doing: string, run: () => Promise<unknown>): Promise<void> => {
    try {
      await run();
    } catch (caught) {
      throw azureError(caught, `${doing} ${place}`, context);
    }
  };
  const put = (conditions: BlobRequestConditions): Promise<unknown> =>
    calls.retried((container, { abortSignal }) =>
      container.getBlockBlobClient(name).upload(uuid, uuid.length, { conditions, abortSignal }),
    );
  const refused = async (conditions: BlobRequestConditions): Promise<void> => {
    try {
      await put(conditions);
    } catch (caught) {
      if (failureOf(caught).isConditionFailed) return;
      throw caught;
    }
    throw new ElanusError('Unsupported', `object store: the service ignores conditions: ${place}`, {
      context,
    });
  };
  await step('write to', () => put({}));
  await step('write on a condition to', () => refused({ ifNoneMatch: '*' }));
  await step('write on a condition to', () => refused({ ifMatch: '"0x0"' }));
  await step('read from', () =>
    calls.retried((container, { abortSignal }) =>
      container.getBlobClient(name).downloadToBuffer(0, undefined, { abortSignal }),
    ),
  );
  await step('list', () =>
    calls.retried((container, { abortSignal }) =>
      container.listBlobsFlat({ prefix: name, abortSignal }).byPage({ maxPageSize: 1 }).next(),
    ),
  );
  await step('delete from', () =>
    calls.retried((container, options) => container.getBlobClient(name).delete(options)),
  );
}
