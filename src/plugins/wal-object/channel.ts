import type { Block } from './block.ts';
import { ChannelObjects, type StoreParts } from './channelObjects.ts';
import { Feed } from './feed.ts';
import type { ObjectWalWriter } from './writer.ts';

/** What one Wal keeps of a channel it was asked about: its objects, its writers, and the tails they feed. */
export class Channel {
  readonly objects: ChannelObjects;
  readonly #writers: ObjectWalWriter[] = [];
  readonly #feeds = new Set<Feed>();

  constructor(name: string, parts: StoreParts) {
    this.objects = new ChannelObjects(name, parts);
  }

  /** Writers that can append no more are let go. */
  addWriter(writer: ObjectWalWriter): void {
    const live = this.#writers.filter((other) => !other.isOver);
    this.#writers.splice(0, this.#writers.length, ...live, writer);
  }

  async closeWriters(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.close()));
  }

  addFeed(bytesMax: number): Feed {
    const feed = new Feed(bytesMax);
    this.#feeds.add(feed);
    return feed;
  }

  removeFeed(feed: Feed): void {
    this.#feeds.delete(feed);
  }

  /** True: a feed keeps it. */
  publish(block: Block): boolean {
    let isKept = false;
    for (const feed of this.#feeds) if (feed.push(block)) isKept = true;
    return isKept;
  }
}
