import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { randomFrom } from "./random.js";

/** What happens to a packet on its way, the same in each direction. */
export interface Conditions {
  /** Share of packets that are lost, 0 to 1. */
  readonly loss: number;
  /** Every packet takes so long, ms. */
  readonly delayMs: number;
  /** And up to so much longer, ms: uniformly distributed, each packet by itself. */
  readonly jitterMs: number;
  /** Packets keep their order: one that was delayed holds up those behind it. */
  readonly ordered: boolean;
}

/** A network that does nothing to packets. */
export const CLEAR: Conditions = { loss: 0, delayMs: 0, jitterMs: 0, ordered: true };

/** Packets under way at once, in both directions; the next ones are dropped, as a router would. */
const MAX_UNDER_WAY = 8192;
/** Clients at once; the one unheard of for longest is forgotten for the next. */
const MAX_CLIENTS = 64;

interface Client {
  readonly socket: Socket;
  readonly remote: RemoteInfo;
  heard: number;
}

interface Packet {
  readonly due: number;
  readonly send: () => void;
}

/**
 * A network between browsers and a relay: a UDP relay on loopback that loses, delays and
 * reorders packets, and can be cut. Chance is seeded, so that a run can be had again.
 */
export class Network {
  /** What was done so far, in both directions. */
  readonly counts = { passed: 0, lost: 0, cut: 0, overflowed: 0 };
  conditions: Conditions;
  readonly #front: Socket;
  readonly #random: () => number;
  readonly #clients = new Map<string, Client>();
  readonly #lastDue = { up: 0, down: 0 };
  /** Sorted by when they are due. */
  readonly #underWay: Packet[] = [];
  #timer: NodeJS.Timeout | undefined;
  #target = 0;
  #isCut = false;
  #isClosed = false;

  private constructor(front: Socket, conditions: Conditions, seed: number) {
    this.#front = front;
    this.conditions = conditions;
    this.#random = randomFrom(seed);
    front.on("message", (bytes, remote) => {
      const client = this.#client(remote);
      this.#pass("up", () => {
        client.socket.send(bytes, this.#target, "127.0.0.1");
      });
    });
  }

  /** Opens a network on a port of its own. Where it leads to is told by {@link leadTo}. */
  static async open(conditions: Conditions = CLEAR, seed = 1): Promise<Network> {
    const front = createSocket("udp4");
    await new Promise<void>((resolve, reject) => {
      front.once("error", reject);
      front.bind(0, "127.0.0.1", resolve);
    });
    front.removeAllListeners("error");
    front.on("error", ignore);
    return new Network(front, conditions, seed);
  }

  /** The UDP port on 127.0.0.1 that clients use in place of the relay's. */
  get port(): number {
    return this.#front.address().port;
  }

  /** The WebTransport URL of the relay as it is reached through this network. */
  get url(): string {
    return `https://127.0.0.1:${this.port}/`;
  }

  /** Sets the relay's UDP port on 127.0.0.1. */
  leadTo(port: number): void {
    this.#target = port;
  }

  /** From now on nothing passes, and what was under way is lost. */
  cut(): void {
    this.#isCut = true;
    this.counts.cut += this.#underWay.length;
    this.#underWay.length = 0;
  }

  /** Packets pass again. */
  mend(): void {
    this.#isCut = false;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#underWay.length = 0;
    this.#front.close();
    for (const client of this.#clients.values()) client.socket.close();
    this.#clients.clear();
  }

  #client(remote: RemoteInfo): Client {
    const name = `${remote.address} ${remote.port}`;
    let client = this.#clients.get(name);
    if (!client) {
      this.#makeRoom();
      const socket = createSocket("udp4");
      client = { socket, remote, heard: 0 };
      socket.on("error", ignore);
      socket.on("message", (bytes) => {
        this.#pass("down", () => {
          this.#front.send(bytes, remote.port, remote.address);
        });
      });
      this.#clients.set(name, client);
    }
    client.heard = performance.now();
    return client;
  }

  #makeRoom(): void {
    if (this.#clients.size < MAX_CLIENTS) return;
    const [oldest] = [...this.#clients].sort(([, a], [, b]) => a.heard - b.heard);
    if (!oldest) return;
    oldest[1].socket.close();
    this.#clients.delete(oldest[0]);
  }

  #pass(way: "up" | "down", send: () => void): void {
    const { loss, delayMs, jitterMs, ordered } = this.conditions;
    if (this.#isCut) {
      this.counts.cut += 1;
      return;
    }
    if (loss > 0 && this.#random() < loss) {
      this.counts.lost += 1;
      return;
    }
    if (this.#underWay.length >= MAX_UNDER_WAY) {
      this.counts.overflowed += 1;
      return;
    }
    this.counts.passed += 1;
    if (delayMs + jitterMs === 0 && this.#underWay.length === 0) {
      send();
      return;
    }
    let due = performance.now() + delayMs + this.#random() * jitterMs;
    if (ordered) due = Math.max(due, this.#lastDue[way]);
    this.#lastDue[way] = due;
    let place = this.#underWay.length;
    while (place > 0 && (this.#underWay[place - 1]?.due ?? 0) > due) place -= 1;
    this.#underWay.splice(place, 0, { due, send });
    if (place === 0) this.#wake();
  }

  #wake(): void {
    clearTimeout(this.#timer);
    const [next] = this.#underWay;
    if (!next || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      const now = performance.now();
      // Half a millisecond early is nearer to the truth than the timer's next whole one.
      let due = this.#underWay.findIndex((packet) => packet.due > now + 0.5);
      if (due < 0) due = this.#underWay.length;
      for (const packet of this.#underWay.splice(0, due)) packet.send();
      this.#wake();
    }, next.due - performance.now());
  }
}

/** What a dead peer's ICMP message raises: UDP has no one to tell. */
function ignore(): void {
  return;
}
