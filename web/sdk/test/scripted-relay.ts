import { decodeMessage, LineCutter } from "../src/control.js";
import type { Connect, ConnectOptions, Transport } from "../src/transport.js";
import { getVarint, putVarint } from "../src/varint.js";
import type { VirtualTime } from "./virtual-time.js";

export type Request = Record<string, unknown> & { type: string; id: number; channelId: string };
/** What a request is answered with; `undefined` leaves it without an answer. */
type Script = (request: Request, session: RelaySession) => object | undefined;

export const refuse = (code: string) => ({ type: "error", code, message: `because ${code}` });

/** MPEG-1 Layer III, 44.1 kHz. */
const MP3 = [0xff, 0xfb, 0x90, 0x64];

/** A group as the relay encodes it: frames of 7 bytes from `seq` on. */
export function group(seq: number, count: number, time = seq * 26_122): Uint8Array {
  const out = [0];
  putVarint(out, seq);
  putVarint(out, time);
  for (let n = 0; n < count; n++) out.push(7, ...MP3, 0, 0, n);
  return Uint8Array.from(out);
}

/** A datagram of varints, and bytes to the end. */
export function datagram(kind: number, numbers: number[], rest: Iterable<number> = []) {
  const out = [kind];
  for (const number of numbers) putVarint(out, number);
  return Uint8Array.from([...out, ...rest]);
}

/** A relay that speaks the protocol over pipes in memory, as its scripts say. */
export class ScriptedRelay {
  readonly sessions: RelaySession[] = [];
  /** When each attempt to connect came, in ms. */
  readonly attempts: number[] = [];
  isUp = true;
  answersPings = true;
  nextSeq = 1_000;
  metadata: object[] = [];
  active: object[] = [];
  readonly scripts: Record<string, Script> = {
    hello: () => ({
      version: "skywave/1",
      server: "scripted/1",
      session: this.sessions.length,
      subject: "ana",
      role: "owner",
    }),
    "stream:join": (request) => ({
      handle: request.channelId.length,
      live: true,
      streamId: 3,
      delivery: request["delivery"] ?? "stream",
      latencyMs: 100,
      targetDelayMs: 400,
      nextSeq: this.nextSeq,
      metadata: this.metadata,
      listeners: 1,
    }),
    "stream:start": () => ({ streamId: 70, resumed: this.sessions.length > 1 }),
  };

  constructor(private readonly time: VirtualTime) {}

  /** What each attempt to connect was told. */
  readonly called: ConnectOptions[] = [];

  readonly connect: Connect = (options) => {
    this.called.push(options);
    this.attempts.push(this.time.now() / 1_000);
    if (!this.isUp) return Promise.reject(new Error("Opening handshake failed."));
    const session = new RelaySession(this, this.time);
    this.sessions.push(session);
    return Promise.resolve(session.transport);
  };

  /** The newest session. */
  get session(): RelaySession {
    const session = this.sessions.at(-1);
    if (!session) throw new Error("nobody connected");
    return session;
  }
}

/** The relay's end of one session. */
export class RelaySession {
  readonly transport: Transport;
  readonly requests: Request[] = [];
  /** Datagrams of the client that are no pings. */
  readonly datagrams: Uint8Array[] = [];
  pings = 0;
  /** The bytes of each ingest stream, header included. */
  readonly ingests: number[][] = [];
  /** Whether the client has closed it, or it died. */
  isClosed = false;
  #ingestTaken: Promise<void> = Promise.resolve();
  #ingestControllers: WritableStreamDefaultController[] = [];
  #control = new TransformStream<Uint8Array, Uint8Array>();
  #toClient = this.#control.writable.getWriter();
  #streams!: ReadableStreamDefaultController<ReadableStream<Uint8Array>>;
  #datagrams!: ReadableStreamDefaultController<Uint8Array>;
  #closed!: (why: string) => void;

  constructor(
    private readonly relay: ScriptedRelay,
    private readonly time: VirtualTime,
  ) {
    const lines = new LineCutter();
    const requests = new WritableStream<Uint8Array>({
      write: (bytes) => {
        for (const line of lines.push(bytes)) this.#answer(JSON.parse(line) as Request);
      },
    });
    this.transport = {
      openControl: () => Promise.resolve({ readable: this.#control.readable, writable: requests }),
      openStream: () => Promise.resolve(this.#ingest()),
      streams: new ReadableStream({ start: (to) => void (this.#streams = to) }),
      datagrams: new ReadableStream({ start: (to) => void (this.#datagrams = to) }),
      sendDatagram: (bytes) => {
        this.#receive(bytes);
      },
      closed: new Promise((resolve) => (this.#closed = resolve)),
      close: () => {
        this.die("closed by the client");
      },
    };
  }

  /** The types of the requests so far, without `hello`. */
  get asked(): string[] {
    return this.requests.slice(1).map((request) => request.type);
  }

  say(message: object): void {
    const line = JSON.stringify(message);
    // A relay only says what its clients can read.
    decodeMessage(line);
    this.#toClient.write(new TextEncoder().encode(`${line}\n`)).catch(() => undefined);
  }

  sendDatagram(bytes: Uint8Array): void {
    this.#datagrams.enqueue(bytes);
  }

  /** Opens an audio stream that holds this group, and stays open. */
  openAudio(handle: number, bytes: Uint8Array): void {
    const head: number[] = [];
    putVarint(head, bytes.length);
    this.#streams.enqueue(
      new ReadableStream({
        start: (to) => {
          to.enqueue(datagram(0x01, [handle]));
          to.enqueue(Uint8Array.from([...head, ...bytes]));
        },
      }),
    );
  }

  /** Stops the newest ingest stream. */
  stopIngest(): void {
    this.#ingestControllers.at(-1)?.error(new Error("stopped"));
  }

  /** Takes no more of the ingest streams until the returned function is called. */
  stallIngest(): () => void {
    let goOn: () => void = () => undefined;
    this.#ingestTaken = new Promise((resolve) => (goOn = resolve));
    return () => {
      goOn();
    };
  }

  /** The session is gone. */
  die(why = "Connection lost."): void {
    this.isClosed = true;
    this.#closed(why);
    this.#toClient.abort(new Error(why)).catch(() => undefined);
    for (const controller of this.#ingestControllers) controller.error(new Error(why));
  }

  #answer(request: Request): void {
    this.requests.push(request);
    const script = this.relay.scripts[request.type] ?? (() => ({}));
    const answer = script(request, this);
    if (answer) this.say({ type: "ok", re: request.id, ...answer });
    if (request.type === "hello") this.say({ type: "streams:active", streams: this.relay.active });
  }

  #receive(bytes: Uint8Array): void {
    if (bytes[0] !== 0x11) {
      this.datagrams.push(bytes);
      return;
    }
    this.pings += 1;
    if (!this.relay.answersPings) return;
    const id = getVarint(bytes, 1);
    const clientTime = getVarint(bytes, 1 + (id?.length ?? 0));
    const now = this.time.now() + 1_795_000_000_000_000;
    this.sendDatagram(datagram(0x05, [id?.value ?? 0, clientTime?.value ?? 0, now, now]));
  }

  #ingest(): WritableStream<Uint8Array> {
    const taken: number[] = [];
    this.ingests.push(taken);
    return new WritableStream<Uint8Array>({
      start: (controller) => void this.#ingestControllers.push(controller),
      write: async (bytes) => {
        await this.#ingestTaken;
        taken.push(...bytes);
      },
    });
  }
}
