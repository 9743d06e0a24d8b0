import assert from 'node:assert/strict';
import type { Wal, WalWriter } from '../../../src/core/ports/wal.ts';
import { fails } from '../checks.ts';
import { hexOf, makeRecord, positionOf, readAll, type SeenEntry } from './records.ts';
import type { SubjectCase, WalSubject } from './subject.ts';

const COMMANDS = 120;
const CHANNEL = 'model';

/** Random commands, one after the other, each compared with the simplest thing that could be right: an array. */
export const MODEL_CASE: SubjectCase = [
  'model: random commands do what an array does',
  async (subject, random) => {
    const run = new ModelRun(subject, random);
    for (let i = 0; i < COMMANDS; i++) {
      try {
        await run.step();
      } catch (caught) {
        const message = caught instanceof Error ? caught.message : String(caught);
        throw new Error(`command ${i}: ${message}; commands: ${run.trace.slice(-12).join(' | ')}`, {
          cause: caught,
        });
      }
    }
    await run.compareAll();
  },
];

class ModelRun {
  readonly trace: string[] = [];
  readonly #subject: WalSubject;
  readonly #random: () => number;
  #wal: Wal;
  #writer: WalWriter | undefined;
  #term = 0;
  #nextId = 1;
  /** Every record ever appended; those before #first were truncated. */
  readonly #entries: SeenEntry[] = [];
  #first = 0;

  constructor(subject: WalSubject, random: () => number) {
    this.#subject = subject;
    this.#random = random;
    this.#wal = subject.wal;
  }

  async step(): Promise<void> {
    const dice = this.#random();
    if (dice < 0.4) return this.#append();
    if (dice < 0.55) return this.#read();
    if (dice < 0.68) return this.#truncate();
    if (dice < 0.78) return this.#open();
    if (dice < 0.84) return this.#openBelow();
    if (dice < 0.9) return this.#info();
    if (dice < 0.95) return this.#reopen();
    return this.#crash();
  }

  async compareAll(): Promise<void> {
    assert.deepEqual(await readAll(this.#wal, CHANNEL), this.#entries.slice(this.#first));
    await this.#info();
  }

  async #append(): Promise<void> {
    if (this.#writer === undefined) return this.#open();
    const writer = this.#writer;
    const count = 1 + this.#below(6);
    this.trace.push(`append ${count}`);
    const appends = Array.from({ length: count }, async () => {
      const id = this.#nextId++;
      const position = await writer.append(makeRecord(id, 4 + this.#below(600)));
      this.#entries.push({ position: hexOf(position), id, term: writer.term });
    });
    await Promise.all(appends);
  }

  async #read(): Promise<void> {
    const at = this.#below(this.#entries.length + 1) - 1;
    const inclusive = this.#random() < 0.5;
    const from = this.#entries[at]?.position;
    this.trace.push(`read ${at} ${inclusive}`);
    const start = from === undefined ? this.#first : inclusive ? at : at + 1;
    if (start < this.#first) {
      await fails('Truncated', () => readAll(this.#wal, CHANNEL, from, { inclusive }));
    } else {
      assert.deepEqual(await readAll(this.#wal, CHANNEL, from, { inclusive }), this.#entries.slice(start));
    }
  }

  async #truncate(): Promise<void> {
    const at = this.#below(Math.min(this.#entries.length, this.#first + 20));
    const upTo = this.#entries[at];
    if (upTo === undefined) return;
    this.trace.push(`truncate ${at}`);
    await this.#wal.truncate(CHANNEL, positionOf(upTo.position));
    this.#first = Math.max(this.#first, at + 1);
  }

  async #open(): Promise<void> {
    this.#term += 1 + this.#below(3);
    this.trace.push(`open ${this.#term}`);
    const old = this.#writer;
    this.#writer = await this.#wal.open(CHANNEL, this.#term);
    if (old !== undefined) await fails('Fenced', () => old.append(makeRecord(0, 10)));
  }

  async #openBelow(): Promise<void> {
    if (this.#term === 0) return;
    const term = 1 + this.#below(this.#term);
    this.trace.push(`open below ${term}`);
    await fails('Fenced', () => this.#wal.open(CHANNEL, term));
  }

  async #info(): Promise<void> {
    const info = await this.#wal.info(CHANNEL);
    const readable = this.#entries.slice(this.#first);
    assert.equal(info.first && hexOf(info.first), readable[0]?.position, 'info.first');
    assert.equal(info.last && hexOf(info.last), readable.at(-1)?.position, 'info.last');
    assert.equal(info.term, this.#term, 'info.term');
    assert.equal(info.retainedBytes > 0, readable.length > 0, 'info.retainedBytes');
  }

  /** Another Wal on the same storage, the old one closed or left as it is. */
  async #reopen(): Promise<void> {
    const closes = this.#random() < 0.5;
    this.trace.push(`reopen ${closes}`);
    if (closes) {
      await this.#wal.close();
      this.#writer = undefined;
    }
    this.#wal = await this.#subject.reopen();
    await this.#read();
  }

  async #crash(): Promise<void> {
    if (this.#subject.crash === undefined) return this.#reopen();
    this.trace.push('crash');
    await this.#subject.crash();
    this.#wal = await this.#subject.reopen();
    this.#writer = undefined;
    await this.compareAll();
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}
