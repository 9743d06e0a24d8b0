import { accepts } from './ready.ts';

const CALL_MS_MAX = 2000;
const TRANSACTION_KEY_TYPE = 1;
const ID = 'is-it-ready';

/**
 * Whether the broker gives producer ids to transactional ids. A fresh one accepts connections seconds earlier, and answers
 * clients until then that its coordinator is loading. The first look for a coordinator makes the topic it needs.
 */
export async function transactionsWork(port: number): Promise<boolean> {
  if (!(await accepts(port))) return false;
  const { Connection, findCoordinatorV6, initProducerIdV5 } = await import('@platformatic/kafka');
  const connection = new Connection(ID, { connectTimeout: CALL_MS_MAX, requestTimeout: CALL_MS_MAX });
  try {
    await connection.connect('127.0.0.1', port);
    await findCoordinatorV6.api.async(connection, TRANSACTION_KEY_TYPE, [ID]);
    const { producerId } = await initProducerIdV5.api.async(connection, ID, CALL_MS_MAX, -1n, -1);
    return producerId >= 0n;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}
