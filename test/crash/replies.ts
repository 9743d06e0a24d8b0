import { MilvusClient, type ResStatus } from '@zilliz/milvus2-sdk-node';

type Reply = ResStatus | { readonly status: ResStatus };

/**
 * A client that never repeats a call by itself: what happened to each one must be known. Its connection is its own, so that it
 * does not wait because another client found nobody at that address.
 */
export async function connect(address: string): Promise<MilvusClient> {
  const channelOptions = { 'grpc.use_local_subchannel_pool': 1 };
  const client = new MilvusClient({
    address,
    maxRetries: 0,
    logLevel: 'error',
    timeout: 60_000,
    channelOptions,
  });
  await client.connectPromise;
  return client;
}

export function statusOf(reply: Reply): ResStatus {
  return 'status' in reply ? reply.status : reply;
}

export function isOk(reply: Reply): boolean {
  return statusOf(reply).error_code === 'Success';
}

export function expectOk<T extends Reply>(reply: T): T {
  const { code, reason } = statusOf(reply);
  if (!isOk(reply)) throw new Error(`the server answered code ${code}: ${reason}`);
  return reply;
}
