import type { DataCodec } from '../handlers/dataCodec.ts';
import { incomingField } from './decodeFieldData.ts';
import { decodeIds } from './decodeIds.ts';
import { encodeFieldData } from './encodeFieldData.ts';
import { encodeIds } from './encodeIds.ts';
import { decodePlaceholders } from './placeholderGroup.ts';

/** The column codec as the data handlers take it. */
export const columnCodec: DataCodec = {
  incomingField,
  encodeFieldData,
  decodeIds,
  encodeIds,
  decodePlaceholders,
};
