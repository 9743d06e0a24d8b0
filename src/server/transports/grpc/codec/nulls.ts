import { type FixedArray, isValid } from '../../../../core/domain/columns.ts';
import { DataType } from '../../../../core/domain/dataTypes.ts';
import { ElanusError, invalid } from '../../../../core/domain/errors.ts';
import { countNumbers, readNumbersInto } from './readNumbers.ts';
import type { Span } from './wireCursor.ts';

/**
 * Where the values that were sent belong. Clients leave out the values of null rows (compact); some send a placeholder
 * for each (full).
 */
export interface Placement {
  readonly rows: number;
  /** undefined = all rows have a value, and the values that were sent are the rows. */
  readonly validity: Uint8Array | undefined;
  readonly isCompact: boolean;
}

/** The rows of `sent` values under the packed booleans of `validData`. Errors: Invalid (the numbers do not agree). */
export function placementOf(validData: Span, sent: number, what: string): Placement {
  const rows = countNumbers(validData, DataType.Bool, what);
  if (rows === 0) return { rows: sent, validity: undefined, isCompact: false };
  const flags = new Uint8Array(rows);
  readNumbersInto(validData, DataType.Bool, flags, 0, what);
  const validity = new Uint8Array((rows + 7) >> 3);
  let valid = 0;
  for (let row = 0; row < rows; row++) {
    valid += flags[row]!;
    validity[row >> 3]! |= flags[row]! << (row & 7);
  }
  if (sent !== valid && sent !== rows) {
    throw invalid(`${what} has ${sent} values for ${rows} rows of which ${valid} are valid`);
  }
  return { rows, validity: valid === rows ? undefined : validity, isCompact: sent !== rows };
}

/** Null rows cost the sender a byte each and us as much as any row: this bounds what a small request can claim. */
const SPREAD_BYTES_MAX = 2 ** 29;

/** `values` with `width` elements a row, each at its row; null rows hold 0. Errors: TooLarge. */
export function placed<Values extends FixedArray>(
  values: Values,
  width: number,
  { rows, validity, isCompact }: Placement,
  what: string,
): Values {
  if (validity === undefined) return values;
  if (rows * width * values.BYTES_PER_ELEMENT > SPREAD_BYTES_MAX) {
    throw new ElanusError('TooLarge', `${what} with its null rows is too large for one request`, {
      context: { rows, bytesMax: SPREAD_BYTES_MAX },
    });
  }
  const spread = new (values.constructor as new (length: number) => Values)(rows * width);
  let from = 0;
  for (let row = 0; row < rows; row++) {
    if (isValid(validity, row)) {
      for (let i = 0; i < width; i++) spread[row * width + i] = values[from + i]!;
      from += width;
    } else if (!isCompact) {
      from += width;
    }
  }
  return spread;
}
