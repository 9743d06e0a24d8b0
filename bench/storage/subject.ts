import type { Extent } from './extent.ts';
import type { Row } from './row.ts';

/** An adapter over a server, with the bare client loop that it is compared with. */
export interface StorageSubject {
  /** Unique in its bench: `wal-object, MinIO`. */
  readonly name: string;
  /** What the bare loop is. */
  readonly bareName: string;
  /** Why it cannot run here; undefined when it can. */
  whyNot(): string | undefined;
  /** `folder` is an empty one on the disk that is measured, deleted afterwards. Rejects when data is not as it was written. */
  measure(folder: string, extent: Extent): Promise<readonly Row[]>;
}
