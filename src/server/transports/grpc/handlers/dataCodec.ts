import type { IncomingField } from '../../../../core/access/requests.ts';
import type { Column } from '../../../../core/domain/columns.ts';
import type { FieldSchema } from '../../../../core/domain/schema.ts';

/** What the data handlers need of the column codec: everything that is as long as the rows. */
export interface DataCodec {
  /** The head of a FieldData message; its values are decoded when asked for. Errors: Invalid. */
  incomingField(fieldData: Uint8Array): IncomingField;
  /** A FieldData message of a result: scalars in full length with valid_data, vectors without their null rows. */
  encodeFieldData(field: FieldSchema, column: Column): Uint8Array;
  /** An IDs message. Errors: Invalid. */
  decodeIds(ids: Uint8Array): Column;
  encodeIds(keys: Column): Uint8Array;
  /** The vectors of a PlaceholderGroup, row-major. Errors: Invalid (no vectors, another type, lengths that differ). */
  decodePlaceholders(group: Uint8Array): { readonly count: number; readonly values: Float32Array };
}
