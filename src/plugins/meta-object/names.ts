const SEQ_CHARS = 16;

/** Keys of the objects of a catalogue. Numbers have 16 hexadecimal digits, so that they sort. */
export class Names {
  readonly log: string;
  readonly snapshots: string;
  readonly leases: string;

  constructor(prefix: string) {
    this.log = `${prefix}/log/`;
    this.snapshots = `${prefix}/snapshots/`;
    this.leases = `${prefix}/leases/`;
  }

  entry(seq: number): string {
    return this.log + seqName(seq);
  }

  snapshot(seq: number): string {
    return this.snapshots + seqName(seq);
  }

  lease(leaseId: string): string {
    return this.leases + leaseId;
  }
}

/** The number at the end of a key. */
export function seqOf(key: string): number {
  return Number.parseInt(key.slice(-SEQ_CHARS), 16);
}

function seqName(seq: number): string {
  return seq.toString(16).padStart(SEQ_CHARS, '0');
}
