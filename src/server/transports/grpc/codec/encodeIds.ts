import type { Column } from '../../../../core/domain/columns.ts';
import { assert } from '../../../../core/domain/errors.ts';
import { IDS } from './slots.ts';
import { delimitedSize, WireWriter } from './wireWriter.ts';
import { listSize, writeList } from './writeLists.ts';

/** An IDs message of keys of Int64 or VarChar. No key at all still says of which type they would be. */
export function encodeIds(keys: Column): Uint8Array {
  assert(keys.kind === 'fixed' || keys.kind === 'bytes', 'keys are numbers or texts');
  const size = listSize(keys, 0, keys.rows);
  const writer = new WireWriter(delimitedSize(size));
  writer.delimited(keys.kind === 'bytes' ? IDS.strId : IDS.intId, size);
  writeList(writer, keys, 0, keys.rows);
  return writer.finish();
}
