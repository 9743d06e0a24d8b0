/** Tags of Status: field and wire type. */
const TAG = { errorCode: 0x08, reason: 0x12, code: 0x18 } as const;

/**
 * What a reply's Status says, read without decoding the reply: undefined = success, else the codes. Data replies
 * (MutationResult, SearchResults, QueryResults) carry it as field 1; in it 1 is error_code, 2 reason, 3 code.
 */
export function replyProblem(reply: Uint8Array): string | undefined {
  if (reply[0] !== 0x0a) return undefined;
  const [length, start] = varint(reply, 1);
  const end = start + length;
  let code = 0;
  let reason = '';
  let at = start;
  while (at < end) {
    const tag = reply[at]!;
    const [value, next] = varint(reply, at + 1);
    const isVarint = (tag & 7) === 0;
    if (!isVarint && (tag & 7) !== 2) return 'the status is no Status message';
    if (tag === TAG.errorCode || tag === TAG.code) code = value === 0 ? code : value;
    else if (tag === TAG.reason) reason = text(reply.subarray(next, next + value));
    at = isVarint ? next : next + value;
  }
  // Some servers give a reason on success.
  return code === 0 ? undefined : `code ${code} ${reason}`;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

/** Value and the offset behind it; values of 32 bits and more lose their high bits. */
function varint(bytes: Uint8Array, offset: number): [number, number] {
  let value = 0;
  let shift = 0;
  let at = offset;
  for (;;) {
    const byte = bytes[at++]!;
    if (shift < 28) value |= (byte & 127) << shift;
    if (byte < 128) return [value, at];
    shift += 7;
  }
}
