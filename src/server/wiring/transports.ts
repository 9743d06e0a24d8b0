import type { Container } from 'inversify';
import { ElanusError } from '../../core/domain/errors.ts';
import type { Logger } from '../../core/ports/logger.ts';
import { callMetrics } from '../metrics/callMetrics.ts';
import { processMetricsText } from '../metrics/processMetrics.ts';
import { openAdminServer } from '../transports/admin/adminServer.ts';
import { milvusService } from '../transports/grpc/milvusService.ts';
import { createGrpcServer } from '../transports/grpc/server.ts';
import { createHttpInjector } from '../transports/rest/notBuilt.ts';
import { openSharedPort } from '../transports/sharedPort.ts';
import type { ServerState } from './serverState.ts';
import { TOKENS } from './tokens.ts';

/** Whose protocol is spoken. */
const MILVUS_VERSION = '3.0.1';
/** What is added to the time calls may take to end, before closing the gRPC server counts as failed. */
const DRAIN_MARGIN_MS = 2_000;

/** The gRPC server, the port it shares with HTTP, and the admin port. */
export function bindTransports(container: Container): void {
  container.bind(TOKENS.AdminServer).toResolvedValue(
    (config, state, metrics, logger, lifecycle) =>
      lifecycle.open(
        'admin server',
        () =>
          openAdminServer({
            host: config.server.host,
            port: config.server.adminPort,
            unhealthyReason: () => state.unhealthyReason,
            metricsText: async () => {
              await measured(state, logger);
              return metrics.text() + processMetricsText();
            },
          }),
        (server) => server.close(),
      ),
    [TOKENS.Config, TOKENS.ServerState, TOKENS.Metrics, TOKENS.Logger, TOKENS.Lifecycle],
  );
  container.bind(TOKENS.GrpcServices).toResolvedValue(
    ({ coordinator, streaming, access }, { clock, random, logger }, state) => [
      milvusService({
        coordinator,
        streaming,
        access,
        clock,
        random,
        logger: logger.child('rpc'),
        server: {
          version: MILVUS_VERSION,
          buildTime: '',
          gitCommit: '',
          deployMode: 'STANDALONE',
          get address() {
            return state.address;
          },
        },
      }),
    ],
    [TOKENS.Roles, TOKENS.PluginDeps, TOKENS.ServerState],
  );
  container.bind(TOKENS.GrpcServer).toResolvedValue(
    (config, services, metrics, logger, lifecycle) =>
      lifecycle.open(
        'gRPC server',
        () =>
          createGrpcServer({
            receiveMessageBytesMax: config.server.receiveMessageBytesMax,
            services,
            logger: logger.child('grpc'),
            recorder: callMetrics(metrics),
          }),
        (server) => server.drain(config.server.shutdownTimeoutMs),
        config.server.shutdownTimeoutMs + DRAIN_MARGIN_MS,
      ),
    [TOKENS.Config, TOKENS.GrpcServices, TOKENS.Metrics, TOKENS.Logger, TOKENS.Lifecycle],
  );
  container.bind(TOKENS.SharedPort).toResolvedValue(
    (config, grpc, lifecycle) => {
      const http = createHttpInjector();
      return lifecycle.open(
        'port',
        () =>
          openSharedPort({
            host: config.server.host,
            port: config.server.port,
            connectionsMax: config.server.connectionsMax,
            onHttp2: (socket) => grpc.accept(socket),
            onHttp1: (socket) => http.inject(socket),
          }),
        (port) => {
          port.stopAccepting();
          http.close();
        },
      );
    },
    [TOKENS.Config, TOKENS.GrpcServer, TOKENS.Lifecycle],
  );
}

/** Brings the gauges up to date; where that fails (a log that is damaged, say) the other metrics are served all the same. */
async function measured(state: ServerState, logger: Logger): Promise<void> {
  try {
    await state.measure();
  } catch (error) {
    logger.warn('the metrics of contents are not up to date', { reason: ElanusError.from(error).text });
  }
}
