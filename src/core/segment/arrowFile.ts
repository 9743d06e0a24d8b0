import type * as arrow from 'apache-arrow';
import type { BatchPlace, ColumnFile } from '../domain/catalog.ts';
import type { ColumnBatch } from '../domain/columns.ts';
import { columnOf } from '../domain/columns.ts';
import { assert } from '../domain/errors.ts';
import type { FieldSchema } from '../domain/schema.ts';
import { arrowData, arrowType } from './arrowTypes.ts';

/** A column file before it is stored: pieces in order, and where the body of each batch will lie. */
export interface EncodedColumnFile {
  readonly bytes: number;
  /** Views on the given columns where possible: valid as long as those are. */
  readonly pieces: readonly Uint8Array[];
  readonly batches: readonly Omit<BatchPlace, 'crc32'>[];
}

/**
 * Encodes batches as an Arrow IPC file, one record batch each. Field names are the schema's, so that any Arrow reader
 * (DuckDB, pandas, Polars) shows the rows; the metadata key `elanus.format` is "1".
 */
export async function encodeColumnFile(
  fields: readonly FieldSchema[],
  batches: readonly ColumnBatch[],
): Promise<EncodedColumnFile> {
  const lib = await import('apache-arrow');
  const types = fields.map((field) => arrowType(lib, field));
  const schema = new lib.Schema(
    fields.map((field, i) => new lib.Field(field.name, types[i]!, field.nullable)),
    new Map([['elanus.format', '1']]),
  );
  const pieces: Uint8Array[] = [];
  const regions: number[][] = [];
  const bodyOffsets: number[] = [];
  let position = 0;

  class PieceWriter extends lib.RecordBatchFileWriter {
    protected override _write(chunk: ArrayBufferView): this {
      const piece = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (piece.length > 0) pieces.push(piece);
      position += piece.length;
      this._position += piece.length;
      return this;
    }

    protected override _assembleRecordBatch(batch: arrow.RecordBatch) {
      const assembled = super._assembleRecordBatch(batch);
      regions.push(assembled.bufferRegions.flatMap((region) => [region.offset, region.length]));
      return assembled;
    }

    protected override _writeBodyBuffers(buffers: ArrayBufferView[]): this {
      bodyOffsets.push(position);
      return super._writeBodyBuffers(buffers);
    }
  }

  const writer = new PieceWriter();
  const ends: number[] = [];
  for (const batch of batches) {
    const children = fields.map((field, i) => {
      const column = columnOf(batch, field.fieldId);
      assert(column !== undefined, `the batch has field ${field.name}`);
      return arrowData(lib, types[i]!, column, batch.rows);
    });
    const data = lib.makeData({ type: new lib.Struct(schema.fields), length: batch.rows, children } as never);
    writer.write(new lib.RecordBatch(schema, data as never));
    ends.push(position);
  }
  writer.finish();
  return {
    bytes: position,
    pieces,
    batches: batches.map((batch, i) => ({
      rows: batch.rows,
      offset: bodyOffsets[i]!,
      bytes: ends[i]! - bodyOffsets[i]!,
      buffers: regions[i]!,
    })),
  };
}

/** The catalogue's entry for a file, given the checksum of each body. */
export function columnFileEntry(
  key: string,
  fields: readonly FieldSchema[],
  file: EncodedColumnFile,
  crc32: readonly number[],
): ColumnFile {
  return {
    key,
    bytes: file.bytes,
    fieldIds: fields.map((field) => field.fieldId),
    batches: file.batches.map((batch, i) => ({ ...batch, crc32: crc32[i]! })),
  };
}
