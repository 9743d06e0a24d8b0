import { CompareResult, CompareTarget, type ICompare, type IRequestOp, type ITxnRequest } from 'etcd3';
import { ElanusError } from '../../core/domain/errors.ts';
import type { MetaCompare, MetaOperation } from '../../core/ports/metaStore.ts';
import type { Keys } from './keys.ts';

const LEASE_ID = /^[1-9]\d{0,18}$/;

/** A txn in etcd's form. Copies the values. Errors: NotFound (a lease of another store). */
export function txnRequest(
  keys: Keys,
  compares: readonly MetaCompare[],
  operations: readonly MetaOperation[],
): ITxnRequest {
  const compare = compares.map(
    ({ key, revision }): ICompare => ({
      key: keys.encode(key),
      target: CompareTarget.Mod,
      result: CompareResult.Equal,
      mod_revision: String(revision),
    }),
  );
  if (operations.length > 0) {
    return { compare, success: operations.map((operation) => requestOp(keys, operation)) };
  }
  // A txn without operations is answered from what the member happens to have; one that reads is linearizable.
  const read = { request_range: { key: keys.encode(''), keys_only: true } };
  return { compare, success: [read], failure: [read] };
}

function requestOp(keys: Keys, operation: MetaOperation): IRequestOp {
  const key = keys.encode(operation.key);
  if (operation.op === 'delete') return { request_delete_range: { key } };
  const { value, leaseId } = operation;
  if (leaseId !== undefined && !LEASE_ID.test(leaseId)) {
    throw new ElanusError('NotFound', 'lease has ended', { context: { leaseId } });
  }
  return {
    request_put: { key, value: Buffer.from(value), ...(leaseId !== undefined && { lease: leaseId }) },
  };
}
