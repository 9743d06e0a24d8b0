import type { CoordinatorService } from '../coordinator/service.ts';
import type { Random } from '../ports/random.ts';
import type { StreamingService } from '../streaming/service.ts';

export interface AccessDependencies {
  readonly coordinator: Pick<
    CoordinatorService,
    'getCollection' | 'allocRowIds' | 'allocTimestamps' | 'setLoad'
  >;
  /** Reaches the owner of any vchannel. */
  readonly streaming: Pick<StreamingService, 'write' | 'search' | 'query'>;
  readonly random: Random;
}

export interface AccessOptions {
  /** Load a collection that nobody loaded yet when it is first read (`load.onFirstUse`). */
  readonly loadOnFirstUse: boolean;
  /** Filters kept parsed. */
  readonly cachedPlansMax: number;
}
