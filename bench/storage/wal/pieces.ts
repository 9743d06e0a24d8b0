/** Views of `record` of at most `bytesMax`: how a client sends what no single message takes. */
export function piecesOf(record: Uint8Array, bytesMax: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < record.length; at += bytesMax) {
    const length = Math.min(bytesMax, record.length - at);
    pieces.push(Buffer.from(record.buffer, record.byteOffset + at, length));
  }
  return pieces;
}
