import { randomUUID } from 'node:crypto';
import type { WalFactory } from '../../../conformance/storage/wal/kit.ts';
import type { BackendServer } from '../../../scripts/servers/running.ts';
import type { Logger } from '../../../src/core/ports/logger.ts';
import type { Wal } from '../../../src/core/ports/wal.ts';
import { walKafkaPlugin } from '../../../src/plugins/wal-kafka/index.ts';
import { pluginDeps } from '../../kits/pluginDeps.ts';

export type Options = Readonly<Record<string, unknown>>;

/** For one broker, with message sets so small that records of the kit come in pieces. */
export function optionsFor(port: number, more: Options = {}): Options {
  return {
    brokers: [`127.0.0.1:${port}`],
    topicPrefix: `w${randomUUID()}-`,
    replicationFactor: 1,
    minInsyncReplicas: 1,
    recordBytesMax: 20_000,
    messageBytesMax: 4096,
    fetchBytesMax: 4096,
    ...more,
  };
}

export function openWal(options: Options, logger: Logger = pluginDeps.logger): Promise<Wal> {
  return walKafkaPlugin.create(walKafkaPlugin.configSchema.parse(options), { ...pluginDeps, logger });
}

/**
 * Each subject has topics of its own, which go with the server. With `canCrash` the broker is killed, and what it holds in
 * the memory of its system survives, as that does when a process is killed.
 */
export function kafkaFactory(
  server: () => BackendServer,
  { canCrash = false, ...more }: Options & { readonly canCrash?: boolean } = {},
): WalFactory {
  return {
    capabilities: walKafkaPlugin.capabilities,
    canCrash,
    canFail: false,
    async open() {
      const options = optionsFor(server().port, more);
      let opened: Wal[] = [];
      const reopen = async (): Promise<Wal> => {
        const wal = await openWal(options);
        opened.push(wal);
        return wal;
      };
      const closeAll = async (): Promise<void> => {
        await Promise.all(opened.map((wal) => wal.close()));
        opened = [];
      };
      const crash = async (): Promise<void> => {
        await server().kill();
        // Writers wait for what is in flight, which a broker must answer.
        await Promise.all([closeAll(), server().start()]);
      };
      return { wal: await reopen(), reopen, ...(canCrash && { crash }), dispose: closeAll };
    },
  };
}
