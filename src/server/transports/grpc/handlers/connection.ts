import { ElanusError } from '../../../../core/domain/errors.ts';
import { StateCode } from '../../../../gen/milvus/common.ts';
import {
  type AllocTimestampRequest,
  type AllocTimestampResponse,
  type CheckHealthRequest,
  CheckHealthResponse,
  ComponentStates,
  type ConnectRequest,
  ConnectResponse,
  type DummyRequest,
  DummyResponse,
  type GetComponentStatesRequest,
  type GetMetricsRequest,
  type GetMetricsResponse,
  type GetVersionRequest,
  type GetVersionResponse,
} from '../../../../gen/milvus/milvus.ts';
import type { CallContext } from '../callContext.ts';
import { databaseOf } from '../requestContext.ts';
import type { DefinitionServices } from '../services.ts';
import { NODE_ID } from '../services.ts';
import { success } from '../status.ts';

/** Clients send the identifier back with each call; it has to be above 0. */
const IDENTIFIERS = 2 ** 48;

export async function connect(
  services: DefinitionServices,
  _request: ConnectRequest,
  context: CallContext,
): Promise<ConnectResponse> {
  await services.coordinator.describeDatabase(databaseOf('', context));
  const { version, buildTime, gitCommit, deployMode } = services.server;
  return ConnectResponse.fromPartial({
    status: success(),
    serverInfo: { buildTags: version, buildTime, gitCommit, goVersion: '', deployMode, reserved: {} },
    identifier: BigInt(1 + Math.floor(services.random.next() * IDENTIFIERS)),
  });
}

export async function getVersion(
  services: DefinitionServices,
  _request: GetVersionRequest,
): Promise<GetVersionResponse> {
  return { status: success(), version: services.server.version };
}

export async function checkHealth(
  services: DefinitionServices,
  _request: CheckHealthRequest,
): Promise<CheckHealthResponse> {
  const reason = await unhealthyReason(services);
  return CheckHealthResponse.fromPartial({
    status: success(),
    isHealthy: reason === undefined,
    reasons: reason === undefined ? [] : [reason],
  });
}

async function unhealthyReason(services: DefinitionServices): Promise<string | undefined> {
  try {
    await services.coordinator.listDatabases();
    return undefined;
  } catch (caught) {
    return ElanusError.from(caught).text;
  }
}

export async function allocTimestamp(
  services: DefinitionServices,
  _request: AllocTimestampRequest,
): Promise<AllocTimestampResponse> {
  return { status: success(), timestamp: await services.coordinator.allocTimestamps(1) };
}

export async function getComponentStates(
  services: DefinitionServices,
  _request: GetComponentStatesRequest,
): Promise<ComponentStates> {
  const reason = await unhealthyReason(services);
  const stateCode = reason === undefined ? StateCode.Healthy : StateCode.Abnormal;
  const state = { nodeID: NODE_ID, role: 'standalone', stateCode, extraInfo: [] };
  return ComponentStates.fromPartial({ state, subcomponentStates: [state], status: success() });
}

/** The part of Milvus's system information that consoles show: what there is of nodes. */
export async function getMetrics(
  services: DefinitionServices,
  request: GetMetricsRequest,
): Promise<GetMetricsResponse> {
  const type = metricType(request.request);
  if (type !== 'system_info') {
    throw new ElanusError('Invalid', 'unknown metric_type', {
      subject: 'parameter',
      context: { metric_type: type, supported: 'system_info' },
    });
  }
  const { version, buildTime, deployMode, address } = services.server;
  const infos = {
    name: 'standalone',
    ip: address,
    type: 'standalone',
    id: Number(NODE_ID),
    has_error: false,
    system_info: {
      system_version: version,
      build_version: version,
      build_time: buildTime,
      deploy_mode: deployMode,
    },
  };
  const response = { nodes_info: [{ identifier: Number(NODE_ID), connected: [], infos }] };
  return {
    status: success(),
    response: JSON.stringify(response),
    componentName: 'standalone',
  };
}

function metricType(request: string): string {
  try {
    return String((JSON.parse(request) as { metric_type?: unknown } | null)?.metric_type);
  } catch {
    throw new ElanusError('Invalid', 'the request of metrics is not valid JSON', {
      subject: 'parameter',
      context: { request },
    });
  }
}

export async function dummy(_services: DefinitionServices, request: DummyRequest): Promise<DummyResponse> {
  return DummyResponse.fromPartial({ response: `unknown request_type: ${request.requestType}` });
}
