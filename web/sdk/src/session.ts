import type { ClockEstimate } from "./clock.js";
import * as control from "./control.js";
import type { Answers, Joined, Metadata, RelayEvent, Requests, Welcome } from "./control.js";
import { decodeDatagram, encodeAck, type Fragment } from "./datagram.js";
import { asSkywaveError, SkywaveError, WireError } from "./errors.js";
import type { Frame } from "./group.js";
import { Pings } from "./pinging.js";
import { Routes } from "./routes.js";
import { AudioReader } from "./stream.js";
import type { Time } from "./time.js";
import type { ByteStream, Transport } from "./transport.js";

/** How long an answer may take, in ms. */
const ANSWER_PATIENCE_MS = 10_000;
/** A fault travels on another stream than what it is about, and may come so much later, in ms. */
const FAULT_MOMENT_MS = 500;
/** A fault older than this, in µs, is not why something failed just now. */
const FAULT_HOLDS = 2_000_000;
/** Faults that are remembered; past it the oldest go. */
const MAX_FAULTS = 64;

/** Faults without `re` and without a channel that concern a stream or a line, not the session. */
const NOT_OF_THE_SESSION: ReadonlySet<string> = new Set([
  "bad-stream",
  "malformed",
  "bad-field",
  "unknown-type",
]);

/** Who a session is. */
export interface Identity {
  readonly token?: string;
  readonly subject?: string;
  readonly client?: string;
}

/** Takes what comes for one joined channel. */
export interface Sink {
  frames(frames: readonly Frame[], streamBegins: boolean): void;
  fragment(fragment: Fragment): void;
  title(title: Metadata): void;
  /** Without a revision, the count came on the control stream and is the newest. */
  listeners(revision: number | undefined, count: number): void;
}

/** What a session tells. */
export interface SessionHooks {
  onEvent(session: Session, event: RelayEvent): void;
  /** An answer to a ping has come, at this local time in µs. */
  onClock(estimate: ClockEstimate, now: number): void;
  /** The relay found a fault with what this session does on one channel. */
  onFault(session: Session, channelId: string, fault: SkywaveError): void;
  /** More bytes have come from the relay. */
  onReceived(session: Session): void;
}

interface Fault {
  /** The channel it concerns; `undefined`: the session, or one of its streams. */
  readonly channelId: string | undefined;
  readonly error: SkywaveError;
  readonly at: number;
}

interface Pending {
  answered(fields: control.Fields): void;
  failed(error: SkywaveError): void;
}

/** One session with a relay: requests, answers, events, the clock, and the way of audio. */
export class Session {
  /** Resolves once the session has ended, with the reason. */
  readonly ended: Promise<SkywaveError>;
  /** Bytes that came from the relay on streams and in datagrams. */
  receivedBytes = 0;
  readonly #pings: Pings;
  readonly #routes = new Routes();
  readonly #pending = new Map<number, Pending>();
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #tellEnded: (why: SkywaveError) => void = () => undefined;
  #why: SkywaveError | undefined;
  #nextId = 1;
  // The newest first.
  #faults: Fault[] = [];
  #awaitingFault: (() => void)[] = [];

  private constructor(
    private readonly transport: Transport,
    private readonly time: Time,
    private readonly hooks: SessionHooks,
    stream: ByteStream,
  ) {
    this.#writer = stream.writable.getWriter();
    this.ended = new Promise((resolve) => (this.#tellEnded = resolve));
    void this.#readControl(stream.readable.getReader());
    void this.#readDatagrams();
    void this.#readStreams();
    void transport.closed.then((why) => {
      // The reason stands on the control stream, whose reader may be a moment behind.
      time.after(100, () => {
        this.#end(new SkywaveError("lost", why));
      });
    });
    this.#pings = new Pings(
      time,
      (ping) => {
        transport.sendDatagram(ping);
      },
      () => {
        this.#end(new SkywaveError("lost", "the relay answers no more"));
      },
    );
  }

  /**
   * Opens the control stream and says `hello`.
   *
   * @throws SkywaveError The relay refuses, does not answer, or the session has ended.
   */
  static async begin(
    transport: Transport,
    identity: Identity,
    time: Time,
    hooks: SessionHooks,
  ): Promise<{ session: Session; welcome: Welcome }> {
    const stream = await transport.openControl().catch((error: unknown) => {
      transport.close();
      throw error;
    });
    const session = new Session(transport, time, hooks, stream);
    try {
      const hello = { versions: [control.PROTOCOL], ...identity };
      return { session, welcome: await session.ask("hello", hello) };
    } catch (error) {
      session.close();
      // Where the relay says why it ends the session, that says more than a lost answer.
      throw session.#takeFault(undefined) ?? error;
    }
  }

  /** Why the session has ended; `undefined` while it goes on. */
  get whyEnded(): SkywaveError | undefined {
    return this.#why;
  }

  /** How the relay's clock and the way to it look from here. */
  get estimate(): ClockEstimate {
    return this.#pings.estimate;
  }

  /** Sends a request and reads its answer. */
  ask<T extends keyof Requests>(type: T, fields: Requests[T]): Promise<Answers[T]> {
    return this.#ask(type, fields, () => undefined);
  }

  /** Joins a channel. `open` is called with the answer before anything that follows it is read. */
  async join(fields: Requests["stream:join"], open: (joined: Joined) => Sink): Promise<Joined> {
    const settled = this.#routes.expectJoin();
    try {
      return await this.#ask("stream:join", fields, (joined) => {
        this.#routes.open(fields.channelId, joined.handle, open(joined));
      });
    } finally {
      settled();
    }
  }

  /** Leaves a channel. */
  async leave(channelId: string): Promise<void> {
    this.#routes.close(channelId);
    await this.ask("stream:leave", { channelId });
  }

  /** Opens a unidirectional stream to the relay. */
  openStream(): Promise<WritableStream<Uint8Array>> {
    return this.transport.openStream();
  }

  /** What the relay said of something on this channel that just failed, or is about to say. */
  async faultSoon(channelId: string): Promise<SkywaveError> {
    const until = this.time.now() + FAULT_MOMENT_MS * 1_000;
    for (;;) {
      const fault = this.#takeFault(channelId) ?? this.#takeFault(undefined) ?? this.#why;
      if (fault) return fault;
      const leftMs = (until - this.time.now()) / 1_000;
      if (leftMs <= 0) return new SkywaveError("lost", "the stream broke");
      await new Promise<void>((resolve) => {
        this.#awaitingFault.push(resolve);
        this.time.after(leftMs, resolve);
      });
    }
  }

  /** Ends the session. */
  close(): void {
    this.#end(new SkywaveError("disconnected", "the session was closed here"));
  }

  #ask<T extends keyof Requests>(
    type: T,
    fields: Requests[T],
    onAnswer: (answer: Answers[T]) => void,
  ): Promise<Answers[T]> {
    if (this.#why) return Promise.reject(new SkywaveError("lost", this.#why.message));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const stopTimer = this.time.after(ANSWER_PATIENCE_MS, () => {
        this.#pending.delete(id);
        reject(new SkywaveError("no-answer", `no answer to ${type}`));
      });
      this.#pending.set(id, {
        answered: (answerFields) => {
          stopTimer();
          try {
            const answer = control.readAnswer(type, answerFields);
            onAnswer(answer);
            resolve(answer);
          } catch (error) {
            reject(asSkywaveError(error, "protocol"));
            throw error;
          }
        },
        failed: (error) => {
          stopTimer();
          reject(error);
        },
      });
      // Fails on a session that has ended, which the readers notice.
      this.#writer.write(control.encodeRequest(id, type, fields)).catch(() => undefined);
    });
  }

  async #readControl(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    const cutter = new control.LineCutter();
    try {
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        this.#received(read.value);
        for (const line of cutter.push(read.value)) this.#receive(control.decodeMessage(line));
      }
      this.#end(new SkywaveError("lost", "the relay ended the session"));
    } catch (error) {
      this.#end(asSkywaveError(error, "lost"));
    }
  }

  #receive(message: control.RelayMessage): void {
    if (message.kind === "event") {
      this.#receiveEvent(message.event);
    } else if (message.kind === "error" && message.re === undefined) {
      this.#receiveFault(message.error, message.channelId);
    } else if (message.kind !== "unknown" && message.re !== undefined) {
      const pending = this.#pending.get(message.re);
      this.#pending.delete(message.re);
      if (message.kind === "error") pending?.failed(message.error);
      else pending?.answered(message.fields);
    }
  }

  #receiveFault(error: SkywaveError, channelId: string | undefined): void {
    this.#faults.unshift({ channelId, error, at: this.time.now() });
    if (this.#faults.length > MAX_FAULTS) this.#faults.pop();
    for (const resolve of this.#awaitingFault.splice(0)) resolve();
    if (channelId !== undefined) this.hooks.onFault(this, channelId, error);
  }

  #receiveEvent(event: RelayEvent): void {
    if (event.type === "stream:metadata") {
      const { channelId, type, ...title } = event;
      this.#routes.sinkOf(channelId)?.title(title);
    } else if (event.type === "stream:listeners") {
      this.#routes.sinkOf(event.channelId)?.listeners(undefined, event.count);
    } else {
      this.hooks.onEvent(this, event);
    }
  }

  async #readDatagrams(): Promise<void> {
    const reader = this.transport.datagrams.getReader();
    try {
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        this.#received(read.value);
        this.#receiveDatagram(read.value);
      }
    } catch {
      // The session has ended; `closed` says why.
    }
  }

  #receiveDatagram(bytes: Uint8Array): void {
    let datagram;
    try {
      datagram = decodeDatagram(bytes);
    } catch (error) {
      // What cannot be read may be of a later version.
      if (error instanceof WireError) return;
      throw error;
    }
    switch (datagram.kind) {
      case "pong":
        this.#pings.answered(datagram);
        this.hooks.onClock(this.#pings.estimate, this.time.now());
        break;
      case "audio": {
        const { handle, frames } = datagram;
        this.#routes.offer(handle, (sink) => {
          sink.frames(frames, false);
        });
        break;
      }
      case "fragment": {
        const fragment = datagram;
        this.#routes.offer(fragment.handle, (sink) => {
          sink.fragment(fragment);
        });
        break;
      }
      case "metadata": {
        const { handle, revision, seq, title } = datagram;
        this.transport.sendDatagram(encodeAck(handle, revision));
        this.#routes.offer(handle, (sink) => {
          sink.title({ revision, seq, ...title });
        });
        break;
      }
      case "listeners": {
        const { handle, revision, count } = datagram;
        this.#routes.offer(handle, (sink) => {
          sink.listeners(revision, count);
        });
      }
    }
  }

  async #readStreams(): Promise<void> {
    const reader = this.transport.streams.getReader();
    try {
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        void this.#readAudio(read.value.getReader());
      }
    } catch {
      // The session has ended; `closed` says why.
    }
  }

  /** One that is reset, or cannot be read, just ends: the relay goes on with a fresh one. */
  async #readAudio(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    const audio = new AudioReader();
    let begins = true;
    try {
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        this.#received(read.value);
        audio.push(read.value);
        for (let group = audio.nextGroup(); group; group = audio.nextGroup()) {
          const sink = await this.#routes.sinkSoon(audio.handle);
          if (!sink) {
            await reader.cancel();
            return;
          }
          sink.frames(group, begins);
          begins = false;
        }
      }
    } catch {
      await reader.cancel().catch(() => undefined);
    }
  }

  #received(bytes: Uint8Array): void {
    this.receivedBytes += bytes.length;
    this.hooks.onReceived(this);
  }

  #takeFault(channelId: string | undefined): SkywaveError | undefined {
    const index = this.#faults.findIndex((fault) => fault.channelId === channelId);
    const [fault] = index < 0 ? [] : this.#faults.splice(index, 1);
    return fault && this.time.now() - fault.at <= FAULT_HOLDS ? fault.error : undefined;
  }

  #end(why: SkywaveError): void {
    if (this.#why) return;
    const told = this.#faults.find(
      ({ channelId, error }) => channelId === undefined && !NOT_OF_THE_SESSION.has(error.code),
    );
    this.#why = told && why.code === "lost" ? told.error : why;
    this.#pings.stop();
    this.transport.close();
    this.#routes.end();
    for (const resolve of this.#awaitingFault.splice(0)) resolve();
    for (const pending of this.#pending.values()) {
      pending.failed(new SkywaveError("lost", this.#why.message));
    }
    this.#pending.clear();
    this.#tellEnded(this.#why);
  }
}
