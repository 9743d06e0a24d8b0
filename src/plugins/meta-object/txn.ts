import { ElanusError } from '../../core/domain/errors.ts';
import type { MetaCompare, MetaOperation, MetaTxnResult } from '../../core/ports/metaStore.ts';
import type { Decide } from './sequencer.ts';
import type { State } from './state.ts';

/** Copies the values. What it returns throws NotFound for a lease that has ended. */
export function decideTxn(
  compares: readonly MetaCompare[],
  operations: readonly MetaOperation[],
): Decide<MetaTxnResult> {
  const wanted = [...compares];
  const copies = operations.map((operation) =>
    operation.op === 'put' ? { ...operation, value: new Uint8Array(operation.value) } : operation,
  );
  return (state, apply) => {
    const succeeded = wanted.every(({ key, revision }) => state.revisionOf(key) === revision);
    if (succeeded) {
      for (const operation of copies) checkLease(state, operation);
      // Deleting what is absent is no change.
      const effective = copies.filter(({ op, key }) => op === 'put' || state.revisionOf(key) !== 0n);
      if (effective.length > 0) apply({ type: 'txn', operations: effective });
    }
    return { succeeded, revision: state.revision };
  };
}

function checkLease(state: State, operation: MetaOperation): void {
  if (operation.op !== 'put' || operation.leaseId === undefined) return;
  if (state.leases.has(operation.leaseId)) return;
  throw new ElanusError('NotFound', 'lease has ended', { context: { leaseId: operation.leaseId } });
}
