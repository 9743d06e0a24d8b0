import { Agent as HttpAgent, type RequestOptions, request } from 'node:http';
import { Agent as HttpsAgent, request as secureRequest } from 'node:https';

const REDIRECTS_MAX = 5;
const SOCKETS_MAX = 32;

export interface HttpReply {
  readonly status: number;
  readonly body: Buffer;
}

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly json?: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Requests over connections that stay open. Follows a broker to the one that owns the topic, with the token. */
export class HttpClient {
  readonly #plain = new HttpAgent({ keepAlive: true, maxSockets: SOCKETS_MAX });
  readonly #secure: HttpsAgent;
  readonly #token: string | undefined;

  /** `ca`: certificate authorities in PEM form, instead of Node's. */
  constructor(token: string | undefined, ca: string | undefined) {
    this.#token = token;
    this.#secure = new HttpsAgent({ keepAlive: true, maxSockets: SOCKETS_MAX, ...(ca && { ca }) });
  }

  /** One attempt. Errors are those of Node. */
  async send(wanted: HttpRequest): Promise<HttpReply> {
    const timeoutMs = Math.ceil(wanted.timeoutMs);
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = AbortSignal.any([wanted.signal, timeout]);
    let { url } = wanted;
    try {
      for (let redirects = 0; ; redirects++) {
        const { location, ...reply } = await this.#sendTo(url, wanted, signal);
        if (location === undefined || redirects === REDIRECTS_MAX) return reply;
        url = new URL(location, url);
      }
    } catch (cause) {
      throw timeout.aborted ? new Error(`no answer within ${timeoutMs} ms`, { cause }) : cause;
    }
  }

  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }

  #sendTo(
    url: URL,
    { method, json }: HttpRequest,
    signal: AbortSignal,
  ): Promise<HttpReply & { readonly location: string | undefined }> {
    const isSecure = url.protocol === 'https:';
    const options: RequestOptions = {
      method,
      signal,
      agent: isSecure ? this.#secure : this.#plain,
      headers: {
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        ...(json !== undefined && { 'content-type': 'application/json' }),
      },
    };
    return new Promise((resolve, reject) => {
      const sent = (isSecure ? secureRequest : request)(url, options, (reply) => {
        const chunks: Buffer[] = [];
        reply.on('data', (chunk: Buffer) => chunks.push(chunk));
        reply.on('error', reject);
        reply.on('end', () => {
          const status = reply.statusCode ?? 0;
          const location = status >= 300 && status < 400 ? reply.headers.location : undefined;
          resolve({ status, body: Buffer.concat(chunks), location });
        });
      });
      sent.on('error', reject);
      sent.end(json);
    });
  }
}
