import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Block } from "../src/core/types.js";
import { createDecoder, type Decoder, type DecoderKind } from "../src/decoder.js";

/** MPEG-1 Layer III, 128 kbit/s, 44.1 kHz, stereo; main data of zeros: silence. */
function stereoFrame(): Uint8Array {
  const data = new Uint8Array(417);
  data.set([0xff, 0xfb, 0x90, 0x00]);
  return data;
}

/** MPEG-2 Layer III, 48 kbit/s, 22.05 kHz, mono. */
function monoFrame(): Uint8Array {
  const data = new Uint8Array(156);
  data.set([0xff, 0xf3, 0x60, 0xc0]);
  return data;
}

class FakeChunk {
  readonly type = "key";
}

/** What the tests need of WebCodecs' decoder: outputs come in a later turn, in order. */
class FakeAudioDecoder {
  static readonly all: FakeAudioDecoder[] = [];
  static canDecode = true;
  /** How many outputs are to be swallowed, as Chromium does with a frame it cannot read. */
  static swallow = 0;
  state = "unconfigured";
  decodeQueueSize = 0;
  #config: AudioDecoderConfig | undefined;
  #turns: Promise<void>[] = [];

  static isConfigSupported(): Promise<{ supported: boolean }> {
    return Promise.resolve({ supported: FakeAudioDecoder.canDecode });
  }

  constructor(readonly init: { output: (audio: unknown) => void; error: (error: Error) => void }) {
    FakeAudioDecoder.all.push(this);
  }

  configure(config: AudioDecoderConfig): void {
    this.#config = config;
    this.state = "configured";
  }

  decode(): void {
    this.decodeQueueSize += 1;
    this.#turns.push(Promise.resolve().then(() => {
      this.decodeQueueSize -= 1;
      if (this.state !== "configured" || !this.#config) return;
      if (FakeAudioDecoder.swallow > 0) {
        FakeAudioDecoder.swallow -= 1;
        return;
      }
      const { sampleRate, numberOfChannels } = this.#config;
      const numberOfFrames = sampleRate > 24_000 ? 1_152 : 576;
      const copyTo = (to: Float32Array, { planeIndex }: { planeIndex: number }) => {
        to.fill(planeIndex + 1);
      };
      this.init.output({ sampleRate, numberOfChannels, numberOfFrames, copyTo, close: vi.fn() });
    }));
  }

  async flush(): Promise<void> {
    await Promise.all(this.#turns);
  }

  break(): void {
    this.state = "closed";
    this.init.error(new Error("reclaimed"));
  }

  close(): void {
    this.state = "closed";
  }
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("createDecoder", () => {
  let blocks: Block[];
  let errors: string[];
  let decoder: Decoder;

  function open(kind: DecoderKind = "auto"): Decoder {
    blocks = [];
    errors = [];
    decoder = createDecoder({
      kind,
      onBlock: (block) => blocks.push(block),
      onError: (message) => errors.push(message),
    });
    return decoder;
  }

  async function decode(seq: number, data = stereoFrame()): Promise<void> {
    decoder.decode({ seq, time: seq * 26_122, data }, seq % 2 === 0);
    await turn();
  }

  beforeEach(() => {
    FakeAudioDecoder.all.length = 0;
    FakeAudioDecoder.canDecode = true;
    FakeAudioDecoder.swallow = 0;
    vi.stubGlobal("AudioDecoder", FakeAudioDecoder);
    vi.stubGlobal("EncodedAudioChunk", FakeChunk);
  });

  afterEach(() => {
    decoder.close();
    vi.unstubAllGlobals();
  });

  it("gives each frame's samples under its own number and time, gaps or not", async () => {
    open();
    for (const seq of [7, 8, 12]) await decode(seq);
    expect(decoder.kind).toBe("webcodecs");
    expect(blocks.map(({ seq }) => seq)).toEqual([7, 8, 12]);
    expect(blocks[2]).toMatchObject({ time: 12 * 26_122, sampleRate: 44_100, audible: true });
    expect(blocks[2]?.channels.map((samples) => [samples.length, samples[0]])).toEqual([
      [1_152, 1],
      [1_152, 2],
    ]);
  });

  it("takes another codec where the frames are of another kind, in order", async () => {
    open();
    decoder.decode({ seq: 1, time: 1, data: stereoFrame() }, true);
    decoder.decode({ seq: 2, time: 2, data: monoFrame() }, true);
    decoder.decode({ seq: 3, time: 3, data: stereoFrame() }, true);
    for (let n = 0; n < 5; n++) await turn();
    expect(blocks.map(({ seq, sampleRate }) => [seq, sampleRate])).toEqual([
      [1, 44_100],
      [2, 22_050],
      [3, 44_100],
    ]);
    expect(FakeAudioDecoder.all.filter(({ state }) => state === "configured")).toHaveLength(1);
  });

  it("goes on with a fresh codec where one breaks, and counts what was lost", async () => {
    open();
    await decode(1);
    decoder.decode({ seq: 2, time: 2, data: stereoFrame() }, true);
    FakeAudioDecoder.all[0]?.break();
    await decode(3);
    expect(blocks.map(({ seq }) => seq)).toEqual([1, 3]);
    expect(decoder.lost).toBe(1);
    expect(errors).toHaveLength(1);
  });

  it("notices a frame that gave no output before all others shift for good", async () => {
    open();
    await decode(0);
    FakeAudioDecoder.swallow = 1;
    for (let seq = 1; seq < 20; seq++) await decode(seq);
    expect(errors).toEqual(["WebCodecs: a frame gave no output"]);
    expect(FakeAudioDecoder.all).toHaveLength(2);
    blocks = [];
    await decode(40);
    expect(blocks.map(({ seq }) => seq)).toEqual([40]);
  });

  it("gives nothing of what came before a reset", async () => {
    open();
    await decode(1);
    decoder.decode({ seq: 2, time: 2, data: stereoFrame() }, true);
    decoder.reset();
    await decode(3);
    expect(blocks.map(({ seq }) => seq)).toEqual([1, 3]);
  });

  it("leaves out what is no frame, and counts it", async () => {
    open();
    await decode(1, new Uint8Array(100));
    await decode(2);
    expect(blocks.map(({ seq }) => seq)).toEqual([2]);
    expect(decoder.lost).toBe(1);
  });

  it("falls back to mpg123 where WebCodecs takes no MP3", async () => {
    FakeAudioDecoder.canDecode = false;
    open();
    decoder.decode({ seq: 1, time: 26_122, data: stereoFrame() }, true);
    decoder.decode({ seq: 2, time: 52_244, data: stereoFrame() }, true);
    await vi.waitFor(() => {
      expect(blocks).toHaveLength(2);
    });
    expect(decoder.kind).toBe("mpg123");
    expect(blocks[1]).toMatchObject({ seq: 2, time: 52_244, sampleRate: 44_100 });
    expect(blocks[1]?.channels.map(({ length }) => length)).toEqual([1_152, 1_152]);
  });

  it("keeps mono mono in mpg123", async () => {
    open("mpg123");
    decoder.decode({ seq: 1, time: 1, data: monoFrame() }, true);
    await vi.waitFor(() => {
      expect(blocks).toHaveLength(1);
    });
    expect(blocks[0]?.channels.map(({ length }) => length)).toEqual([576]);
  });
});
