import { S3Client } from '@aws-sdk/client-s3';
import { PiecesBody } from './body.ts';
import type { ObjectS3Config } from './config.ts';

const CONNECT_MS_MAX = 5_000;
/** Idle connections are closed here before the server does it, perhaps just when a put comes, which would end as Unknown. */
const IDLE_MS_MAX = 4_000;

const silent = (): void => undefined;
const SILENT = { trace: silent, debug: silent, info: silent, warn: silent, error: silent };

/** One attempt a call, no checksums beside the one that the signature holds, no warnings on the console. */
export function makeClient(config: ObjectS3Config): S3Client {
  const { endpoint, region, accessKeyId, secretAccessKey, sessionToken } = config;
  // No limit of connections: waiting for one would count as waiting for the answer.
  const agent = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, timeout: IDLE_MS_MAX };
  const client = new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint }),
    forcePathStyle: config.pathStyle ?? endpoint !== undefined,
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && {
        credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
      }),
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Would open a connection a large request and wait for an answer that not every server gives.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: Math.min(CONNECT_MS_MAX, config.requestTimeoutMs),
      httpAgent: agent,
      httpsAgent: agent,
      logger: SILENT,
    },
    logger: SILENT,
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      await hashPayload(args.request as HttpRequest);
      return next(args);
    },
    { step: 'build', name: 'hashPayload' },
  );
  return client;
}

interface HttpRequest {
  readonly protocol: string;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/** The signature needs the body's hash, unless TLS guards the body. */
async function hashPayload({ protocol, headers, body }: HttpRequest): Promise<void> {
  const isLarge = body instanceof PiecesBody;
  if (protocol === 'https:' && (isLarge || body instanceof Uint8Array)) {
    headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
  } else if (isLarge) headers['x-amz-content-sha256'] = await body.sha256();
}
