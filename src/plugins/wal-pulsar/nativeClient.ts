import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { ElanusError } from '../../core/domain/errors.ts';

/** The part of the package pulsar-client (1.15 and later) that is used here. */
export interface PulsarPackage {
  readonly Client: new (options: ClientOptions) => NativeClient;
  readonly AuthenticationToken: new (options: { readonly token: string }) => object;
  readonly MessageId: { earliest(): MessageId; deserialize(bytes: Buffer): MessageId };
}

export interface ClientOptions {
  readonly serviceUrl: string;
  readonly authentication?: object;
  readonly operationTimeoutSeconds: number;
  readonly connectionTimeoutMs: number;
  readonly tlsTrustCertsFilePath?: string;
  readonly tlsValidateHostname: boolean;
}

export interface NativeClient {
  createProducer(options: {
    readonly topic: string;
    readonly batchingEnabled: boolean;
    readonly sendTimeoutMs: number;
    readonly blockIfQueueFull: boolean;
  }): Promise<NativeProducer>;
  createReader(options: {
    readonly topic: string;
    readonly startMessageId: MessageId;
    readonly receiverQueueSize: number;
    readonly listener: (message: NativeMessage, reader: NativeReader) => unknown;
  }): Promise<NativeReader>;
  close(): Promise<unknown> | undefined;
  /** The object whose `close` returns a promise; the one around it drops that. */
  readonly client?: { close(): Promise<unknown> };
}

export interface NativeProducer {
  send(message: { readonly data: Buffer }): Promise<MessageId>;
  close(): Promise<unknown>;
}

export interface NativeReader {
  close(): Promise<unknown>;
}

export interface NativeMessage {
  getData(): Buffer;
  getMessageId(): MessageId;
}

export interface MessageId {
  serialize(): Buffer;
  /** `(ledger,entry,partition,batch)` */
  toString(): string;
}

/** Loads the package by its name, from beside the server or from the working directory, or by its path. Errors: Unsupported. */
export function loadPulsarPackage(client: string): PulsarPackage {
  const workingDirectory = createRequire(join(process.cwd(), 'elanus.js'));
  const isPath = client.startsWith('.') || isAbsolute(client);
  const loaders = isPath ? [workingDirectory] : [createRequire(import.meta.url), workingDirectory];
  const failures: string[] = [];
  for (const load of loaders) {
    try {
      return load(isPath ? resolve(client) : client) as PulsarPackage;
    } catch (error) {
      failures.push(error instanceof Error ? error.message.split('\n')[0]! : String(error));
    }
  }
  const how = 'npm install pulsar-client@1.15.0, or set transport: websocket, which needs no package';
  throw new ElanusError(
    'Unsupported',
    `the Pulsar client ${client} cannot be loaded: ${failures.at(-1)}; ${how}`,
  );
}
