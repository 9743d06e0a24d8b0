/** Reads the body of a reply into `into`, which it must fill exactly. Calls `progress` after every piece. */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  into: Uint8Array,
  progress: () => void,
): Promise<void> {
  let at = 0;
  for await (const chunk of body) {
    if (at + chunk.length > into.length) throw new Error('the reply has more bytes than asked for');
    into.set(chunk, at);
    at += chunk.length;
    progress();
  }
  if (at < into.length) throw new Error(`the reply ended after ${at} of ${into.length} bytes`);
}

/** `bytes`, or a copy of shared ones: clients of object stores take no shared memory. */
export function unshared(bytes: Uint8Array): Uint8Array {
  return bytes.buffer instanceof SharedArrayBuffer ? new Uint8Array(bytes) : bytes;
}
