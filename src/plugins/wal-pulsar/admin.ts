import { readFile } from 'node:fs/promises';
import { invalid } from '../../core/domain/errors.ts';
import type { WalPulsarConfig } from './config.ts';
import { type EntryId, type Extent, extentOf, type TopicStats } from './entries.ts';
import { aborted, isRefusedForGood, isTransientStatus, pulsarError, statusError } from './errors.ts';
import { HttpClient, type HttpReply } from './http.ts';
import type { Patience } from './retry.ts';

const ATTEMPT_MS_MAX = 10_000;

/** The policies of a namespace that matter to a log, as Pulsar writes them. */
export interface NamespacePolicies {
  readonly retention_policies?: {
    readonly retentionTimeInMinutes: number;
    readonly retentionSizeInMB: number;
  };
  readonly autoTopicCreationOverride?: { readonly allowAutoTopicCreation: boolean };
  readonly inactive_topic_policies?: {
    readonly deleteWhileInactive: boolean;
    readonly inactiveTopicDeleteMode: string;
    readonly maxInactiveDurationSeconds: number;
  };
  readonly backlog_quota_map?: Readonly<
    Record<string, { readonly limitSize?: number; readonly limitTime?: number }>
  >;
}

/** A topic's extent, and the properties it was given. */
export interface TopicState extends Extent {
  readonly properties: Readonly<Record<string, string>>;
}

/**
 * The admin interface of the brokers, for the topics of one namespace. Every call may be made twice with the same effect, so
 * it is tried again until it succeeds, is refused, or the patience is over. Errors: NotFound, Unavailable, Closed.
 */
export class Admin {
  readonly #http: HttpClient;
  readonly #base: string;
  readonly #namespace: string;

  /** Errors: Invalid when the certificates cannot be read. */
  static async connect(config: WalPulsarConfig): Promise<Admin> {
    return new Admin(config, new HttpClient(config.token, await authoritiesOf(config)));
  }

  private constructor({ webServiceUrl, namespace }: WalPulsarConfig, http: HttpClient) {
    this.#base = `${webServiceUrl.replace(/\/$/, '')}/admin/v2`;
    this.#namespace = namespace;
    this.#http = http;
  }

  /** Undefined when the namespace does not exist. */
  async policies(patience: Patience): Promise<NamespacePolicies | undefined> {
    const path = `/namespaces/${this.#namespace}`;
    const answer = await this.#call('GET', path, patience, { also: [404] });
    return answer.status === 404 ? undefined : JSON.parse(answer.body.toString());
  }

  async createNamespace(policies: NamespacePolicies, patience: Patience): Promise<void> {
    const json = JSON.stringify(policies);
    await this.#call('PUT', `/namespaces/${this.#namespace}`, patience, { json, also: [409] });
  }

  /** Names of the topics, without their namespace. */
  async listTopics(patience: Patience): Promise<string[]> {
    const answer = await this.#call('GET', `/persistent/${this.#namespace}`, patience);
    const topics = JSON.parse(answer.body.toString()) as string[];
    return topics.map((topic) => decodeURIComponent(topic.slice(topic.lastIndexOf('/') + 1)));
  }

  /** Nothing when it exists. */
  async createTopic(topic: string, patience: Patience): Promise<void> {
    await this.#call('PUT', this.#path(topic), patience, { also: [409] });
  }

  /** Nothing when it does not exist. */
  async deleteTopic(topic: string, patience: Patience): Promise<void> {
    await this.#call('DELETE', `${this.#path(topic)}?force=true`, patience, { also: [404] });
  }

  /** From here on the topic takes no message. False when the broker cannot until the topic is unloaded. Errors: NotFound too. */
  async terminate(topic: string, patience: Patience): Promise<boolean> {
    const path = `${this.#path(topic)}/terminate`;
    const answer = await this.#call('POST', path, patience, { also: [500] });
    return answer.status < 300;
  }

  /** The broker forgets what it has of the topic in memory. */
  async unload(topic: string, patience: Patience): Promise<void> {
    await this.#call('PUT', `${this.#path(topic)}/unload`, patience, { also: [404] });
  }

  /** Whether the end of the topic stands in the metadata: a broker answers `terminate` sooner to whoever asks second. */
  async isTerminated(topic: string, patience: Patience): Promise<boolean> {
    // For a topic that does not exist some versions answer 500.
    const path = `${this.#path(topic)}/internal-info`;
    const answer = await this.#call('GET', path, patience, { also: [404, 500] });
    if (answer.status >= 300) return false;
    return JSON.parse(answer.body.toString()).terminatedPosition !== undefined;
  }

  /** Undefined when the topic does not exist. What was acknowledged before the call lies in the extent. */
  async state(topic: string, patience: Patience): Promise<TopicState | undefined> {
    const path = `${this.#path(topic)}/internalStats`;
    const answer = await this.#call('GET', path, patience, { also: [404] });
    if (answer.status === 404) return undefined;
    const stats = JSON.parse(answer.body.toString()) as TopicStats;
    return { ...extentOf(stats), properties: stats.properties ?? {} };
  }

  async setProperty(topic: string, name: string, patience: Patience): Promise<void> {
    const json = JSON.stringify({ [name]: '1' });
    await this.#call('PUT', `${this.#path(topic)}/properties`, patience, { json });
  }

  async removeProperty(topic: string, name: string, patience: Patience): Promise<void> {
    const path = `${this.#path(topic)}/properties?key=${encodeURIComponent(name)}`;
    await this.#call('DELETE', path, patience, { also: [404] });
  }

  /** Content of one message. Errors: NotFound too, when the topic or the ledger is gone. */
  async readEntry(topic: string, { ledger, entry }: EntryId, patience: Patience): Promise<Buffer> {
    const path = `${this.#path(topic)}/ledger/${ledger}/entry/${entry}`;
    return (await this.#call('GET', path, patience)).body;
  }

  close(): void {
    this.#http.close();
  }

  #path(topic: string): string {
    return `/persistent/${this.#namespace}/${encodeURIComponent(topic)}`;
  }

  /** `also`: statuses that are an answer beside success. */
  async #call(
    method: string,
    path: string,
    patience: Patience,
    { json, also = [] }: { readonly json?: string; readonly also?: readonly number[] } = {},
  ): Promise<HttpReply> {
    const doing = `${method} ${path}`;
    const url = new URL(this.#base + path);
    for (;;) {
      patience.throwIfAborted(doing);
      try {
        const timeoutMs = Math.min(ATTEMPT_MS_MAX, patience.leftMs);
        const { signal } = patience;
        const answer = await this.#http.send({ method, url, timeoutMs, signal, ...(json && { json }) });
        if (answer.status < 300 || also.includes(answer.status)) return answer;
        if (!isTransientStatus(answer.status) || patience.isOver)
          throw statusError(answer.status, answer.body.toString(), doing);
      } catch (caught) {
        if (patience.signal.aborted) throw aborted(doing, patience.signal.reason);
        const error = pulsarError(caught, doing);
        if (error === caught || patience.isOver || isRefusedForGood(caught)) throw error;
      }
      await patience.wait();
    }
  }
}

async function authoritiesOf({ tls }: WalPulsarConfig): Promise<string | undefined> {
  if (tls === undefined) return undefined;
  try {
    return await readFile(tls.ca, 'utf8');
  } catch (error) {
    throw invalid(`tls.ca cannot be read: ${String(error)}`, { file: tls.ca });
  }
}
