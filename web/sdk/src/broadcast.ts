import type { Show } from "./control.js";
import { asSkywaveError, type SkywaveError } from "./errors.js";
import type { Session } from "./session.js";
import { ingestHeader } from "./stream.js";

/** Bytes that may wait for the transport, by default: 3 s at 320 kbit/s. */
const MAX_QUEUED_BYTES = 128 * 1_024;

/** A broadcast of this client, whatever happens to the sessions under it. */
export interface Broadcast {
  readonly channelId: string;
  /** The broadcast's number at the relay. */
  readonly streamId: number;
  /** It went on from an earlier session, of this page or one before it. */
  readonly resumed: boolean;
  /** MP3 bytes written into the present session's ingest stream: what `atByte` counts. */
  readonly bytes: number;
  /** MP3 bytes of those that the transport has not taken yet: what the uplink is behind. */
  readonly queuedBytes: number;
  /** MP3 bytes left out, because there was no session or too many were queued. */
  readonly droppedBytes: number;
  /**
   * Sends MP3 bytes, in any cut, at the pace of the audio. Resolves once the transport
   * has room for more; await it. Live audio does not wait: without a session, and where
   * more than `maxQueuedBytes` would wait for the transport, the bytes are dropped,
   * counted, and told by `broadcastDropped`.
   *
   * @throws SkywaveError The broadcast has ended.
   */
  write(mp3: Uint8Array): Promise<void>;
}

/** What a broadcast is to be. */
export interface StartOptions extends Show {
  readonly channelId: string;
  /**
   * MP3 bytes that may wait for the transport before more are dropped; default 131,072,
   * 3 s at 320 kbit/s. A single write may be larger where nothing waits.
   */
  readonly maxQueuedBytes?: number;
}

/** What a broadcast tells its client. */
export interface PublicationHooks {
  /** It was ended by the relay. */
  onEnd(why: SkywaveError): void;
  /** So many bytes were left out just now. */
  onDropped(bytes: number): void;
}

export class Publication implements Broadcast {
  streamId = 0;
  resumed = false;
  bytes = 0;
  queuedBytes = 0;
  droppedBytes = 0;
  readonly channelId: string;
  /** The session that carries it now. */
  session: Session | undefined;
  readonly #show: Show;
  readonly #maxQueuedBytes: number;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #ended: SkywaveError | undefined;

  constructor(
    { channelId, maxQueuedBytes = MAX_QUEUED_BYTES, ...show }: StartOptions,
    private readonly hooks: PublicationHooks,
  ) {
    this.channelId = channelId;
    this.#maxQueuedBytes = maxQueuedBytes;
    this.#show = show;
  }

  /** Goes on the air, or on, with this session. */
  async begin(session: Session): Promise<void> {
    const started = await session.ask("stream:start", { channelId: this.channelId, ...this.#show });
    const writer = (await session.openStream()).getWriter();
    void this.#watch(session, writer);
    await writer.write(ingestHeader(started.streamId)).catch((error: unknown) => {
      throw session.whyEnded ? asSkywaveError(error, "lost") : error;
    });
    this.streamId = started.streamId;
    this.resumed = started.resumed;
    this.bytes = 0;
    this.queuedBytes = 0;
    this.session = session;
    this.#writer = writer;
  }

  async write(mp3: Uint8Array): Promise<void> {
    if (this.#ended) throw this.#ended;
    const writer = this.#writer;
    const isTooMuch =
      this.queuedBytes > 0 && this.queuedBytes + mp3.length > this.#maxQueuedBytes;
    if (!writer || isTooMuch) {
      this.droppedBytes += mp3.length;
      this.hooks.onDropped(mp3.length);
      return;
    }
    this.bytes += mp3.length;
    this.queuedBytes += mp3.length;
    const taken = () => {
      // A fresh session has a queue of its own.
      if (this.#writer === writer) this.queuedBytes -= mp3.length;
    };
    // Fails where the stream broke, which the watch on it tells.
    writer.write(mp3).then(taken, () => undefined);
    await writer.ready.catch(() => undefined);
  }

  /** Finishes the ingest stream, so that all its bytes arrive. */
  async finish(why: SkywaveError): Promise<void> {
    this.#ended ??= why;
    await this.#writer?.close().catch(() => undefined);
  }

  /** Ends it for good. */
  end(why: SkywaveError): void {
    this.#ended ??= why;
    this.#writer?.abort().catch(() => undefined);
    this.#letGo();
  }

  /** The relay ended it. */
  fail(why: SkywaveError): void {
    if (this.#ended) return;
    this.end(why);
    this.hooks.onEnd(why);
  }

  #letGo(): void {
    this.#writer = undefined;
    this.queuedBytes = 0;
  }

  async #watch(
    session: Session,
    writer: WritableStreamDefaultWriter<Uint8Array>,
  ): Promise<void> {
    try {
      await writer.closed;
    } catch {
      const why = await session.faultSoon(this.channelId);
      if (this.#writer === writer) this.#letGo();
      // With its session lost, the broadcast goes on with the next one.
      if (!session.whyEnded) this.fail(why);
    }
  }
}
