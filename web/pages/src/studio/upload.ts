import type { Broadcast, Title } from "@skywave/client";
import { createEncoder, type WasmMediaEncoder } from "wasm-media-encoders/esnext";
import wasmUrl from "wasm-media-encoders/wasm/mp3?url";
import { CODEC_DELAY, EncoderAccount } from "./core/accounting.js";
import { FrameCutter } from "./core/mp3-frames.js";
import { Quantiles } from "./core/quantiles.js";
import { TitleQueue } from "./core/title-queue.js";
import type { EncoderSettings, UploadStats } from "./messages.js";

const SAMPLES_PER_FRAME = 1152;
/** Frames over which times are told: about 13 s. */
const MEASURED = 512;

/** Fetched once; from a URL, as the encoder's own inline copy needs a data: URL in the CSP. */
let wasm: Promise<ArrayBuffer> | undefined;

async function fetchEncoder(): Promise<ArrayBuffer> {
  const answer = await fetch(wasmUrl);
  if (!answer.ok) throw new Error(`the MP3 encoder could not be loaded: ${answer.status}`);
  return answer.arrayBuffer();
}

/** One broadcast's way from samples to the relay: encodes, cuts frames, keeps account. */
export class Upload {
  readonly #account = new EncoderAccount();
  readonly #titles = new TitleQueue(this.#account);
  readonly #cutter = new FrameCutter();
  readonly #encodeMs = new Quantiles(MEASURED);
  readonly #delayMs = new Quantiles(MEASURED);
  #bytes = 0;
  #spentMs = 0;
  #renderedAt: number | undefined;

  private constructor(
    private readonly encoder: WasmMediaEncoder<"audio/mpeg">,
    private readonly settings: EncoderSettings,
    private broadcast: Broadcast,
    private readonly onTitle: (title: Title, atByte: number | undefined) => void,
  ) {}

  /**
   * @param onTitle Told when a title is due, with the byte of its first frame.
   * @throws Error The encoder could not be loaded.
   */
  static async open(
    settings: EncoderSettings,
    broadcast: Broadcast,
    onTitle: (title: Title, atByte: number | undefined) => void,
  ): Promise<Upload> {
    wasm ??= fetchEncoder();
    const bytes = await wasm.catch((error: unknown) => {
      wasm = undefined;
      throw error;
    });
    const encoder = await createEncoder("audio/mpeg", bytes);
    const { sampleRate, kbps } = settings;
    encoder.configure({
      sampleRate,
      channels: 2,
      bitrate: kbps,
      outputSampleRate: sampleRate === 44_100 ? 44_100 : 48_000,
    });
    return new Upload(encoder, settings, broadcast, onTitle);
  }

  /** Samples of the mix, the first of which has this number; rendered at `at`, Unix ms. */
  mix(first: number, left: Float32Array, right: Float32Array, at: number): void {
    this.#account.fed(first, left.length);
    this.#renderedAt = at;
    this.#encode(left, right);
  }

  /** The relay has ended the broadcast, and this one takes its place. */
  goOnWith(broadcast: Broadcast): void {
    this.broadcast = broadcast;
  }

  /** Another mixer, with other numbers, gives the samples from now on. */
  renumber(): void {
    this.#account.renumber();
  }

  /** Silence that is in no mix, to hold the broadcast while there is none. */
  silence(frames: number): void {
    this.#account.silence(frames);
    this.#renderedAt = undefined;
    const zeros = new Float32Array(frames);
    this.#encode(zeros, zeros);
  }

  /** A title from this sample of the mix on; without one, from the next frame on. */
  title(title: Title, at: number | undefined): void {
    if (at === undefined) {
      this.onTitle(title, undefined);
      return;
    }
    this.#titles.add(title, at);
    this.#tellTitles();
  }

  /** Sends what the encoder still holds. */
  finish(): void {
    this.#send(this.encoder.finalize());
  }

  stats(roundTripMs: number | undefined): UploadStats {
    const { queuedBytes, droppedBytes, channelId } = this.broadcast;
    return {
      channelId,
      frames: this.#account.frames,
      bytes: this.#bytes,
      samples: this.#account.encoded,
      roundTripMs,
      queuedBytes,
      droppedBytes,
      encode: {
        p50: this.#encodeMs.at(0.5),
        p99: this.#encodeMs.at(0.99),
        max: this.#encodeMs.at(1),
      },
      delay: { p50: this.#delayMs.at(0.5), p99: this.#delayMs.at(0.99) },
    };
  }

  #encode(left: Float32Array, right: Float32Array): void {
    const began = performance.now();
    // The encoder's memory, valid until it is used again: the cutter copies the frames out.
    const bytes = this.encoder.encode([left, right]);
    this.#spentMs += performance.now() - began;
    this.#send(bytes);
  }

  #send(bytes: Uint8Array): void {
    for (const frame of this.#cutter.push(bytes)) {
      this.#measure();
      this.#account.frame(this.broadcast.bytes);
      this.#bytes += frame.bytes.length;
      // Fails only once the broadcast has ended, which the client tells.
      this.broadcast.write(frame.bytes).catch(() => undefined);
    }
    this.#tellTitles();
  }

  #measure(): void {
    this.#encodeMs.add(this.#spentMs);
    this.#spentMs = 0;
    if (this.#renderedAt === undefined) return;
    const firstSample = this.#account.frames * SAMPLES_PER_FRAME - CODEC_DELAY;
    const held = this.#account.encoded - firstSample;
    const inFrames = (held / this.settings.sampleRate) * 1000;
    const now = performance.timeOrigin + performance.now();
    this.#delayMs.add(inFrames + Math.max(0, now - this.#renderedAt));
  }

  #tellTitles(): void {
    for (const { title, atByte } of this.#titles.take()) this.onTitle(title, atByte);
  }
}
