import { frameTiming, type FrameTiming } from "@skywave/client";
import type { Block } from "./core/types.js";

/** Frames that wait for a decoder to be ready; past it the oldest are dropped and counted. */
const MAX_WAITING = 512;
/** Decodes in a row that find an idle decoder owing an output, before one counts as lost. */
const MAX_OWED = 8;

/** What a decoder needs of a frame. */
export interface EncodedFrame {
  readonly seq: number;
  /** Its own time in µs. */
  readonly time: number;
  /** One whole MPEG Layer III frame. */
  readonly data: Uint8Array;
}

/** `auto`: WebCodecs where it takes MP3, mpg123 elsewhere. */
export type DecoderKind = "auto" | "webcodecs" | "mpg123";

/** Options of {@link createDecoder}. */
export interface DecoderOptions {
  /** Takes each decoded frame, in order; its arrays may be transferred. */
  readonly onBlock: (block: Block) => void;
  /** Something was lost; the decoder goes on by itself. In words, for logs. */
  readonly onError: (message: string) => void;
  /** Default `auto`. */
  readonly kind?: DecoderKind | undefined;
}

/** Turns MPEG frames into samples, one block a frame. */
export interface Decoder {
  /** Which decoder works; `undefined` before the first frame has chosen it. */
  readonly kind: Exclude<DecoderKind, "auto"> | undefined;
  /** Frames whose samples have not come yet. */
  readonly pending: number;
  /** Frames that were dropped, or whose decode failed. */
  readonly lost: number;
  /** Decodes a frame. `audible` goes into its block: whether its samples are right. */
  decode(frame: EncodedFrame, audible: boolean): void;
  /** Forgets what came before, and what has not come out. */
  reset(): void;
  /** Resolves once all that was given has come out, or is lost. */
  drain(): Promise<void>;
  close(): void;
}

/** One frame that was given to a codec. */
interface Given {
  readonly frame: EncodedFrame;
  readonly audible: boolean;
}

/** One way of decoding, configured for one kind of frame. */
interface Codec {
  decode(given: Given): void;
  /** Outputs that are still to come. */
  readonly pending: number;
  drain(): Promise<void>;
  close(): void;
}

interface CodecHooks {
  onSamples(given: Given, sampleRate: number, channels: Float32Array<ArrayBuffer>[]): void;
  /** It is of no use any more; so many frames were lost with it. */
  onBroken(message: string, lost: number): void;
}

type OpenCodec = (timing: FrameTiming, hooks: CodecHooks) => Promise<Codec>;

/**
 * Makes a decoder. It picks its codec by the header of the first frame, and anew where
 * sample rate or channels change. Samples are placed where any player places them: the
 * n-th frame gives samples n * 1152 and on (n * 576 in MPEG-2 and 2.5), without a delay,
 * in all codecs alike.
 */
export function createDecoder(options: DecoderOptions): Decoder {
  return new FrameDecoder(options);
}

class FrameDecoder implements Decoder {
  kind: Exclude<DecoderKind, "auto"> | undefined;
  lost = 0;
  #codec: Codec | undefined;
  #format = "";
  #opening: Promise<void> | undefined;
  // Frames that came while a codec opens. Full: the oldest are dropped and counted.
  #waiting: Given[] = [];
  /** Raised by a reset: what an older codec still gives is left out. */
  #era = 0;

  constructor(private readonly options: DecoderOptions) {}

  get pending(): number {
    return this.#waiting.length + (this.#codec?.pending ?? 0);
  }

  decode(frame: EncodedFrame, audible: boolean): void {
    this.#waiting.push({ frame, audible });
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift();
      this.#lose("the decoder is not ready", 1);
    }
    this.#feed();
  }

  reset(): void {
    this.#era += 1;
    this.#waiting = [];
    this.#drop();
  }

  async drain(): Promise<void> {
    while (this.#opening) await this.#opening;
    await this.#codec?.drain();
  }

  close(): void {
    this.reset();
  }

  #feed(): void {
    while (!this.#opening) {
      const given = this.#waiting.shift();
      if (!given) return;
      const timing = frameTiming(given.frame.data);
      if (!timing) {
        this.#lose(`frame ${given.frame.seq} has no header`, 1);
        continue;
      }
      const format = `${timing.sampleRate} ${timing.channels} ${timing.samples}`;
      if (this.#codec && this.#format === format) {
        this.#codec.decode(given);
      } else {
        this.#waiting.unshift(given);
        this.#format = format;
        this.#opening = this.#open(timing, this.#era, this.#codec);
        this.#codec = undefined;
      }
    }
  }

  /** Opens a codec for frames of this kind, after the one before has given all it had. */
  async #open(timing: FrameTiming, era: number, before: Codec | undefined): Promise<void> {
    await before?.drain();
    before?.close();
    let codec: Codec | undefined;
    const hooks: CodecHooks = {
      onSamples: ({ frame, audible }, sampleRate, channels) => {
        if (era !== this.#era) return;
        const { seq, time } = frame;
        this.options.onBlock({ seq, time, sampleRate, channels, audible });
      },
      onBroken: (message, lost) => {
        if (era !== this.#era) return;
        this.#lose(message, lost);
        if (codec === this.#codec) this.#drop();
      },
    };
    try {
      codec = await this.#choose(timing, hooks);
    } catch (error) {
      this.#lose(`no decoder: ${words(error)}`, this.#waiting.splice(0).length);
    }
    this.#opening = undefined;
    if (era === this.#era) {
      this.#codec = codec;
    } else {
      codec?.close();
      this.#format = "";
    }
    this.#feed();
  }

  async #choose(timing: FrameTiming, hooks: CodecHooks): Promise<Codec> {
    const wanted = this.options.kind ?? "auto";
    if (wanted !== "mpg123" && (wanted === "webcodecs" || (await takesMp3(timing)))) {
      this.kind = "webcodecs";
      return openWebCodecs(timing, hooks);
    }
    this.kind = "mpg123";
    return openMpg123(timing, hooks);
  }

  #drop(): void {
    this.#codec?.close();
    this.#codec = undefined;
    this.#format = "";
  }

  #lose(message: string, frames: number): void {
    this.lost += frames;
    this.options.onError(message);
  }
}

function webCodecsConfig(timing: FrameTiming): AudioDecoderConfig {
  return { codec: "mp3", sampleRate: timing.sampleRate, numberOfChannels: timing.channels };
}

async function takesMp3(timing: FrameTiming): Promise<boolean> {
  if (!("AudioDecoder" in globalThis)) return false;
  try {
    return (await AudioDecoder.isConfigSupported(webCodecsConfig(timing))).supported === true;
  } catch {
    return false;
  }
}

/**
 * The browser's own decoder. It gives one output a frame, in order, and is matched by that:
 * its timestamps count samples from the first frame on in Chromium, gaps or not. A frame
 * that Chromium cannot read gives no output and no error, so that all later ones would be
 * taken for their forerunners: an idle decoder that goes on owing one is given up.
 */
const openWebCodecs: OpenCodec = (timing, hooks) => {
  const given: Given[] = [];
  let owed = 0;
  const fail = (message: string) => {
    hooks.onBroken(message, given.splice(0).length);
  };
  const decoder = new AudioDecoder({
    output: (audio) => {
      const next = given.shift();
      if (next) hooks.onSamples(next, audio.sampleRate, planes(audio));
      audio.close();
    },
    error: (error) => {
      fail(`WebCodecs: ${error.message}`);
    },
  });
  decoder.configure(webCodecsConfig(timing));
  return Promise.resolve({
    get pending() {
      return given.length;
    },
    decode: (next) => {
      owed = decoder.decodeQueueSize === 0 && given.length > 0 ? owed + 1 : 0;
      if (owed > MAX_OWED) {
        fail("WebCodecs: a frame gave no output");
        return;
      }
      if (decoder.state !== "configured") return;
      given.push(next);
      const { time, data } = next.frame;
      decoder.decode(new EncodedAudioChunk({ type: "key", timestamp: time, data }));
    },
    drain: async () => {
      if (decoder.state === "configured") await decoder.flush().catch(() => undefined);
    },
    close: () => {
      if (decoder.state !== "closed") decoder.close();
    },
  });
};

/** The samples of each channel: Firefox hands them out interleaved, Chromium does not. */
function planes(audio: AudioData): Float32Array<ArrayBuffer>[] {
  return Array.from({ length: audio.numberOfChannels }, (_, planeIndex) => {
    const samples = new Float32Array(audio.numberOfFrames);
    audio.copyTo(samples, { planeIndex, format: "f32-planar" });
    return samples;
  });
}

/** mpg123 in WebAssembly: fetched only where it is needed. Decodes at once. */
const openMpg123: OpenCodec = async (timing, hooks) => {
  const { MPEGDecoder } = await import("mpg123-decoder");
  const decoder = new MPEGDecoder({ enableGapless: false });
  await decoder.ready;
  let isOpen = true;
  return {
    pending: 0,
    decode: (next) => {
      const { channelData, samplesDecoded, sampleRate } = decoder.decodeFrame(next.frame.data);
      if (samplesDecoded !== timing.samples) {
        hooks.onBroken(`mpg123: ${samplesDecoded} samples came of a frame`, 1);
        return;
      }
      // It gives two channels for mono as well.
      const channels = channelData.slice(0, timing.channels) as Float32Array<ArrayBuffer>[];
      hooks.onSamples(next, sampleRate, channels);
    },
    drain: () => Promise.resolve(),
    close: () => {
      if (isOpen) decoder.free();
      isOpen = false;
    },
  };
};

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
