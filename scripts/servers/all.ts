import { azurite } from './azurite.ts';
import type { ServerDefinition } from './definition.ts';
import { etcd } from './etcd.ts';
import { kafka } from './kafka.ts';
import { minio } from './minio.ts';
import { pulsar } from './pulsar.ts';
import { versitygw } from './versitygw.ts';

/** In the order they are installed: the slowest last. */
export const SERVERS: readonly ServerDefinition[] = [etcd, azurite, kafka, pulsar, versitygw, minio];
