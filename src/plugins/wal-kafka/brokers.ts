import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { type API, Connection, type ConnectionOptions, metadataV10 } from '@platformatic/kafka';
import { invalid } from '../../core/domain/errors.ts';
import type { WalKafkaConfig } from './config.ts';
import { closed, hasCode, isReply, isTransient } from './errors.ts';

const CONNECT_MS_MAX = 5_000;
/** Of one connection; callers have limits of their own. */
const REQUESTS_IN_FLIGHT_MAX = 1_000;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface TopicFacts {
  readonly topicId: string;
  readonly partitions: number;
  /** Of partition 0. */
  readonly replicas: number;
  readonly leader: Address;
}

/**
 * Connections to the brokers, made when they are needed and dropped when they fail. A broker answers the requests of a
 * connection one after the other, so what may wait long, or must keep its order, has a lane of its own.
 */
export class Brokers {
  readonly #config: WalKafkaConfig;
  readonly #options: ConnectionOptions;
  readonly #connections = new Map<string, { readonly made: Connection; readonly ready: Promise<void> }>();
  readonly #bootstrap: readonly Address[];
  #known: readonly Address[] = [];
  /** Those whose last request had no answer. */
  readonly #silent = new Set<string>();
  #closed = false;

  static async connect(config: WalKafkaConfig): Promise<Brokers> {
    const { requestTimeoutMs } = config;
    return new Brokers(config, {
      connectTimeout: Math.min(CONNECT_MS_MAX, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      maxInflights: REQUESTS_IN_FLIGHT_MAX,
      ...(await securityOf(config)),
    });
  }

  private constructor(config: WalKafkaConfig, options: ConnectionOptions) {
    this.#config = config;
    this.#options = options;
    this.#bootstrap = config.brokers.map((text) => {
      const colon = text.lastIndexOf(':');
      return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
    });
  }

  /** One attempt. Errors are those of the client. */
  async call<Args extends unknown[], Reply>(
    address: Address,
    lane: string,
    api: API<Args, Reply>,
    ...args: Args
  ): Promise<Reply> {
    const { made, ready } = this.#connection(address, lane);
    try {
      await ready;
      const reply = await api.async(made, ...args);
      this.#silent.delete(keyOf(address));
      return reply;
    } catch (caught) {
      if (!isReply(caught)) {
        this.#silent.add(keyOf(address));
        // A late answer to a request that timed out would confuse the client.
        drop(made);
      }
      throw caught;
    }
  }

  /** Whether any broker answers. */
  async check(): Promise<void> {
    await this.callAny(metadataV10.api, [], false, false);
  }

  /** As `call`, of the first broker that answers. */
  async callAny<Args extends unknown[], Reply>(api: API<Args, Reply>, ...args: Args): Promise<Reply> {
    let failure: unknown;
    for (const address of this.#addresses()) {
      try {
        return await this.call(address, 'any', api, ...args);
      } catch (caught) {
        if (isReply(caught) || !isTransient(caught)) throw caught;
        failure = caught;
      }
    }
    throw failure;
  }

  /** As `call`, of the broker that makes topics. */
  async callController<Args extends unknown[], Reply>(api: API<Args, Reply>, ...args: Args): Promise<Reply> {
    const { brokers, controllerId } = await this.callAny(metadataV10.api, [], false, false);
    const controller = brokers.find(({ nodeId }) => nodeId === controllerId);
    return controller === undefined ? this.callAny(api, ...args) : this.call(controller, 'any', api, ...args);
  }

  /** Undefined when no broker knows `topic`. A new topic is known to its leader before it is to others. */
  async find(topic: string): Promise<TopicFacts | undefined> {
    let failure: unknown;
    let isAnswered = false;
    for (const address of this.#addresses()) {
      try {
        return await this.#findAt(address, topic);
      } catch (caught) {
        if (!isTransient(caught)) throw caught;
        if (hasCode(caught, 'UNKNOWN_TOPIC_OR_PARTITION')) isAnswered = true;
        else failure = caught;
      }
    }
    if (isAnswered) return undefined;
    throw failure;
  }

  async #findAt(address: Address, topic: string): Promise<TopicFacts> {
    const reply = await this.call(address, 'any', metadataV10.api, [topic], false, false);
    const { brokers, topics } = reply;
    this.#known = brokers;
    const [{ topicId, partitions }] = topics as [(typeof topics)[number]];
    const first = partitions.find(({ partitionIndex }) => partitionIndex === 0)!;
    return {
      topicId,
      partitions: partitions.length,
      replicas: first.replicaNodes.length,
      leader: brokers.find(({ nodeId }) => nodeId === first.leaderId) ?? address,
    };
  }

  /** Ends every connection of `lane`, and the requests on it. */
  dropLane(lane: string): void {
    for (const [key, { made }] of this.#connections) if (key.endsWith(`/${lane}`)) drop(made);
  }

  close(): void {
    this.#closed = true;
    for (const { made } of this.#connections.values()) drop(made);
  }

  #connection(address: Address, lane: string): { made: Connection; ready: Promise<void> } {
    if (this.#closed) throw closed('the log');
    const key = `${keyOf(address)}/${lane}`;
    const known = this.#connections.get(key);
    if (known !== undefined) return known;
    const made = new Connection(this.#config.clientId, this.#options);
    const forget = (): void => {
      if (this.#connections.get(key)?.made === made) this.#connections.delete(key);
      // Or the timer of a new login would go on.
      void made.close();
    };
    // The failure itself reaches whoever waits for the connection or an answer on it.
    made.on('error', forget);
    made.on('close', forget);
    const connection = { made, ready: Promise.resolve(made.connect(address.host, address.port)) };
    this.#connections.set(key, connection);
    connection.ready.catch(forget);
    return connection;
  }

  /** Those of the last answer and the configured ones, which may be names for any of them; silent ones last. */
  #addresses(): readonly Address[] {
    const all = [...this.#known, ...this.#bootstrap];
    const each = new Map(all.map((address) => [keyOf(address), address]));
    const isSilent = (address: Address): number => Number(this.#silent.has(keyOf(address)));
    return [...each.values()].sort((a, b) => isSilent(a) - isSilent(b));
  }
}

function keyOf({ host, port }: Address): string {
  return `${host}:${port}`;
}

/** Ends a connection, and what waits for it or for answers on it. */
function drop(connection: Connection): void {
  // Never rejects. It waits for what is being sent, which may be for ever.
  void connection.close();
  connection.socket.destroy();
}

async function securityOf({ tls, sasl }: WalKafkaConfig): Promise<ConnectionOptions> {
  const options: ConnectionOptions = {};
  if (tls !== undefined) {
    const { ca, cert, key, serverName } = tls;
    const files = {
      ...(ca !== undefined && { ca: await readPem(ca) }),
      ...(cert !== undefined && { cert: await readPem(cert) }),
      ...(key !== undefined && { key: await readPem(key) }),
    };
    requireFit(files);
    options.tls = files;
    if (serverName !== undefined) options.tlsServerName = serverName;
  }
  if (sasl !== undefined) {
    const { username, password } = sasl;
    const mechanism = sasl.mechanism.toUpperCase() as 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
    options.sasl = { mechanism, username, password };
  }
  return options;
}

function requireFit(files: SecureContextOptions): void {
  try {
    createSecureContext(files);
  } catch (cause) {
    throw invalid(`the files of tls cannot be used: ${String(cause)}`);
  }
}

async function readPem(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw invalid(`cannot read a file of tls: ${String(cause)}`, { file: path });
  }
}
