import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FRAMINGS } from './faultProxyFrames.ts';
import { httpRelay } from './faultProxyHttp.ts';
import { messageRelay } from './faultProxyMessages.ts';
import {
  type Fault,
  FaultPlan,
  type Injected,
  isOfHttp,
  type RandomFaults,
  type Selection,
} from './faultProxyPlan.ts';

export interface FaultProxyOptions {
  /** Port of the server on 127.0.0.1. It need not listen yet. */
  readonly target: number;
  /** Of faults by chance, and of whether a cut connection ends or is reset. */
  readonly seed: number;
  /**
   * What is spoken, by which the proxy finds requests and their answers. `http1`: S3, Azure. `http2`: gRPC, as etcd; a
   * request is a DATA frame, its answer the end of its stream. `kafka`, `pulsar`: their own; keep-alives are no requests.
   * `tcp`, the default: what one read of the socket gives is a request, and what comes back next its answer.
   */
  readonly protocol?: 'http1' | keyof typeof FRAMINGS;
}

/** What a relay needs of the proxy. */
export interface Wire {
  readonly target: number;
  readonly plan: FaultPlan;
  /** Resolves when no black hole is open. */
  passable(): Promise<void>;
  blackHole(ms: number): Promise<void>;
  /** Ends or resets a connection, by the seed. */
  cut(socket: Socket): void;
}

/**
 * A proxy on 127.0.0.1 between clients and a real server, which does to requests what networks and overloaded servers do.
 * Without a plan it passes on all there is. When the server cuts a connection, or does not listen, so does the proxy.
 *
 * ```ts
 * const proxy = await FaultProxy.start({ target: server.port, seed: 7, protocol: 'http1' });
 * const hit = proxy.next('lostReply', { method: 'PUT', path: /\/log\// });  // once, for the first that fits
 * await store.put(…);  // through proxy.port: done by the server, and unknown to the client
 * await hit;
 * proxy.plan({ faults: ['cutBefore', { answer: 503 }], chance: 0.1 });      // from now on, by the seed
 * ```
 * HTTP/1.1 requests and answers are held in memory whole. Clients that connect where the server tells them to (Kafka,
 * Pulsar) need a server that names `proxy.port`: the option `proxied` of its start.
 */
export class FaultProxy {
  readonly port: number;
  readonly #listener: Server;
  readonly #protocol: string;
  readonly #plan: FaultPlan;
  readonly #sockets: Set<Socket>;
  readonly #hole: Hole;

  static async start({ target, seed, protocol = 'tcp' }: FaultProxyOptions): Promise<FaultProxy> {
    const plan = new FaultPlan(seed);
    const hole = new Hole();
    const wire: Wire = {
      target,
      plan,
      passable: () => hole.passable(),
      blackHole: (ms) => hole.open(ms),
      cut: (socket) => (plan.random() < 0.5 ? socket.resetAndDestroy() : socket.destroy()),
    };
    const relay = protocol === 'http1' ? httpRelay(wire) : messageRelay(wire, FRAMINGS[protocol]);
    const sockets = new Set<Socket>();
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      if (plan.isRefused()) {
        socket.resetAndDestroy();
        return;
      }
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      relay(socket);
    });
    await listen(listener, 0);
    return new FaultProxy(listener, protocol, plan, sockets, hole);
  }

  private constructor(listener: Server, protocol: string, plan: FaultPlan, sockets: Set<Socket>, hole: Hole) {
    this.port = (listener.address() as AddressInfo).port;
    this.#protocol = protocol;
    this.#listener = listener;
    this.#plan = plan;
    this.#sockets = sockets;
    this.#hole = hole;
  }

  /** The first request that fits meets `fault`, once. Resolves when that happens; several wait in their order. */
  next(fault: Fault, select: Selection = {}): Promise<Injected> {
    this.#check(fault);
    return this.#plan.next(fault, select);
  }

  /** From now on faults come by chance, besides those of `next`; replaces an earlier plan. */
  plan(faults: RandomFaults): void {
    for (const fault of faults.faults) this.#check(fault);
    this.#plan.byChance(faults);
  }

  /** No more faults, neither those of `next` that wait nor planned ones. */
  calm(): void {
    this.#plan.clear();
  }

  /** All faults so far, oldest first. */
  get injected(): readonly Injected[] {
    return this.#plan.injected;
  }

  /** Nothing passes on any connection, either way, for so long; connections are accepted. Resolves when it is over. */
  blackHole(ms: number): Promise<void> {
    return this.#hole.open(ms);
  }

  /** Resets all connections. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Resets all connections, and new ones are refused until `up`. */
  async down(): Promise<void> {
    const closed = new Promise((resolve) => this.#listener.close(resolve));
    this.cutAll();
    await closed;
  }

  async up(): Promise<void> {
    await listen(this.#listener, this.port);
  }

  /** Ends it and all its connections. */
  async close(): Promise<void> {
    if (this.#listener.listening) await this.down();
  }

  #check(fault: Fault): void {
    if (this.#protocol !== 'http1' && isOfHttp(fault))
      throw new Error(`${JSON.stringify(fault)} is for the protocol http1, not ${this.#protocol}`);
  }
}

async function listen(listener: Server, port: number): Promise<void> {
  listener.listen(port, '127.0.0.1');
  await once(listener, 'listening');
}

class Hole {
  #over: Promise<void> | undefined;

  async open(ms: number): Promise<void> {
    const over: Promise<void> = Promise.all([this.#over, sleep(ms)]).then(() => {
      if (this.#over === over) this.#over = undefined;
    });
    this.#over = over;
    await over;
  }

  async passable(): Promise<void> {
    while (this.#over !== undefined) await this.#over;
  }
}
