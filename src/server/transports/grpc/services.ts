import type { CoordinatorService } from '../../../core/coordinator/service.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { Logger } from '../../../core/ports/logger.ts';
import type { Random } from '../../../core/ports/random.ts';
import type { StreamingService } from '../../../core/streaming/service.ts';

/** What the handlers of definitions work with. */
export interface DefinitionServices {
  readonly coordinator: CoordinatorService;
  readonly streaming: StreamingService;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly server: ServerFacts;
}

/** What the server says about itself. */
export interface ServerFacts {
  /** The Milvus version whose protocol is spoken, such as `3.0.1`: what GetVersion answers. */
  readonly version: string;
  readonly buildTime: string;
  readonly gitCommit: string;
  readonly deployMode: 'STANDALONE' | 'DISTRIBUTED';
  /** host:port that clients reach. */
  readonly address: string;
}

/** There is one node, and this is its number wherever the protocol wants one. */
export const NODE_ID = 1n;
