import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Calls } from './calls.ts';
import type { StoredContent } from './content.ts';

/** Where an object lies. */
export interface Place {
  readonly Bucket: string;
  readonly Key: string;
}

/** Headers of a conditional write. */
export interface ConditionHeaders {
  readonly IfNoneMatch?: '*';
  readonly IfMatch?: string;
}

interface Part {
  readonly PartNumber: number;
  readonly ETag: string | undefined;
}

/** An upload in parts. It stays open, and costs money, until it is completed or aborted. */
export class MultipartUpload {
  readonly #calls: Calls;
  readonly #upload: Place & { readonly UploadId: string | undefined };

  constructor(calls: Calls, place: Place, uploadId: string | undefined) {
    this.#calls = calls;
    this.#upload = { ...place, UploadId: uploadId };
  }

  static async open(calls: Calls, place: Place): Promise<MultipartUpload> {
    const { UploadId } = await calls.retried((client, options) =>
      client.send(new CreateMultipartUploadCommand({ ...place }), options),
    );
    return new MultipartUpload(calls, place, UploadId);
  }

  /** Sends all of `content`, `inFlightMax` parts at a time; stops at the first that fails. */
  async send(content: StoredContent, partBytes: number, inFlightMax: number): Promise<readonly Part[]> {
    const parts: Part[] = new Array(Math.ceil(content.bytes / partBytes));
    let next = 0;
    const sender = async (): Promise<void> => {
      while (next < parts.length) {
        const at = next++;
        const from = at * partBytes;
        parts[at] = await this.#sendPart(at + 1, content, from, Math.min(content.bytes, from + partBytes));
      }
    };
    const senders = Array.from({ length: inFlightMax }, async () => {
      try {
        await sender();
      } catch (caught) {
        next = parts.length;
        throw caught;
      }
    });
    // Waits for all of them, so that nobody reads the caller's bytes afterwards.
    for (const outcome of await Promise.allSettled(senders)) {
      if (outcome.status === 'rejected') throw outcome.reason;
    }
    return parts;
  }

  /** One attempt; resolves with the ETag. However often it is sent, an upload is completed once. */
  async complete(parts: readonly Part[], condition: ConditionHeaders): Promise<string | undefined> {
    const input = { ...this.#upload, ...condition, MultipartUpload: { Parts: [...parts] } };
    const { ETag } = await this.#calls.once((client, options) =>
      client.send(new CompleteMultipartUploadCommand(input), options),
    );
    return ETag;
  }

  async abort(): Promise<void> {
    await this.#calls.retried((client, options) =>
      client.send(new AbortMultipartUploadCommand(this.#upload), options),
    );
  }

  async #sendPart(PartNumber: number, content: StoredContent, from: number, to: number): Promise<Part> {
    const input = { ...this.#upload, PartNumber, ContentLength: to - from };
    const { ETag } = await this.#calls.retried((client, options) =>
      client.send(new UploadPartCommand({ ...input, Body: content.body(from, to) }), options),
    );
    return { PartNumber, ETag };
  }
}
