import { crc32 } from 'node:zlib';
import { ElanusError } from '../../core/domain/errors.ts';
import type { VectorIndexSpec } from '../../core/ports/vectorIndex.ts';
import { GRAPH_MAGIC, GRAPH_VERSION, GraphRegion, graphLayout } from './layout.ts';

/**
 * A saved graph, little-endian u32: magic, format version, CRC-32 of all that follows it, bytes of the region; 48 bytes of
 * zeros; then the region, laid out without spare room.
 */
const HEADER_BYTES = 64;

export function saveGraph(spec: VectorIndexSpec, graph: GraphRegion): Uint8Array {
  const rows = graph.rows;
  const layout = graphLayout(spec, Math.max(1, rows), graph.field('upperUsed'));
  const saved = new Uint8Array(HEADER_BYTES + layout.bytes);
  const copy = new GraphRegion(saved.subarray(HEADER_BYTES));
  copy.writeEmpty(layout);
  copy.copyFrom(graph);
  const header = new DataView(saved.buffer);
  header.setUint32(0, GRAPH_MAGIC, true);
  header.setUint32(4, GRAPH_VERSION, true);
  header.setUint32(12, layout.bytes, true);
  header.setUint32(8, crc32(saved.subarray(12)), true);
  return saved;
}

/** The region in saved bytes, all of them checked. Errors: Corrupt; Unsupported (another format version). */
export function savedGraph(saved: Uint8Array): GraphRegion {
  // A view of a message may start anywhere, the region's fields may not.
  const bytes = saved.byteOffset % 4 === 0 ? saved : new Uint8Array(saved);
  if (bytes.length < HEADER_BYTES) throw corrupt('is too short', bytes);
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (header.getUint32(0, true) !== GRAPH_MAGIC) throw corrupt('has another magic number', bytes);
  const version = header.getUint32(4, true);
  if (version !== GRAPH_VERSION) {
    throw new ElanusError('Unsupported', 'saved hnsw index has another format version', {
      context: { version, supported: GRAPH_VERSION },
    });
  }
  if (header.getUint32(12, true) !== bytes.length - HEADER_BYTES) throw corrupt('has another length', bytes);
  if (header.getUint32(8, true) !== crc32(bytes.subarray(12))) throw corrupt('has another checksum', bytes);
  return new GraphRegion(bytes.subarray(HEADER_BYTES));
}

function corrupt(what: string, bytes: Uint8Array): ElanusError {
  return new ElanusError('Corrupt', `saved hnsw index ${what}`, { context: { bytes: bytes.length } });
}
