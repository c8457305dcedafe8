import type { Show } from "./control.js";
import { asSkywaveError, type SkywaveError } from "./errors.js";
import type { Session } from "./session.js";
import { ingestHeader } from "./stream.js";

/** A broadcast of this client, whatever happens to the sessions under it. */
export interface Broadcast {
  readonly channelId: string;
  /** The broadcast's number at the relay. */
  readonly streamId: number;
  /** It went on from an earlier session, of this page or one before it. */
  readonly resumed: boolean;
  /** MP3 bytes written into the present session's ingest stream: what `atByte` counts. */
  readonly bytes: number;
  /** MP3 bytes left out while there was no session. */
  readonly droppedBytes: number;
  /**
   * Sends MP3 bytes, in any cut, at the pace of the audio. Resolves once the transport
   * has room for more; await it. Without a session the bytes are dropped and counted:
   * live audio does not wait.
   *
   * @throws SkywaveError The broadcast has ended.
   */
  write(mp3: Uint8Array): Promise<void>;
}

export class Publication implements Broadcast {
  streamId = 0;
  resumed = false;
  bytes = 0;
  droppedBytes = 0;
  /** The session that carries it now. */
  session: Session | undefined;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #ended: SkywaveError | undefined;

  /** @param onEnd Told when the relay ended it. */
  constructor(
    readonly channelId: string,
    private readonly show: Show,
    private readonly onEnd: (why: SkywaveError) => void,
  ) {}

  /** Goes on the air, or on, with this session. */
  async begin(session: Session): Promise<void> {
    const started = await session.ask("stream:start", { channelId: this.channelId, ...this.show });
    const writer = (await session.openStream()).getWriter();
    void this.#watch(session, writer);
    await writer.write(ingestHeader(started.streamId)).catch((error: unknown) => {
      throw session.whyEnded ? asSkywaveError(error, "lost") : error;
    });
    this.streamId = started.streamId;
    this.resumed = started.resumed;
    this.bytes = 0;
    this.session = session;
    this.#writer = writer;
  }

  async write(mp3: Uint8Array): Promise<void> {
    if (this.#ended) throw this.#ended;
    const writer = this.#writer;
    if (!writer) {
      this.droppedBytes += mp3.length;
      return;
    }
    this.bytes += mp3.length;
    // Fails where the stream broke, which the watch on it tells.
    writer.write(mp3).catch(() => undefined);
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
    this.#writer = undefined;
  }

  async #watch(
    session: Session,
    writer: WritableStreamDefaultWriter<Uint8Array>,
  ): Promise<void> {
    try {
      await writer.closed;
    } catch {
      const why = await session.faultSoon();
      if (this.#writer === writer) this.#writer = undefined;
      // With its session lost, the broadcast goes on with the next one.
      if (session.whyEnded || this.#ended) return;
      this.#ended = why;
      this.onEnd(why);
    }
  }
}
