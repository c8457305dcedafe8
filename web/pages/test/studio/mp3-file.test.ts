import { MPEGDecoder } from "mpg123-decoder";
import { describe, expect, it } from "vitest";
import { measure, readMp3, readTags, soundFrames } from "../../src/studio/core/mp3-file.js";
import { FrameCutter } from "../../src/studio/core/mp3-frames.js";
import { chirp, CHIRP_SAMPLES, files } from "./fixtures.js";

async function decoded(file: File): Promise<Float32Array> {
  const facts = await readMp3(file);
  if (!facts) throw new Error("no MP3");
  const decoder = new MPEGDecoder({ enableGapless: false });
  await decoder.ready;
  const samples: number[] = [];
  for await (const { bytes } of soundFrames(file, facts)) {
    samples.push(...(decoder.decodeFrame(bytes).channelData[0] ?? []));
  }
  decoder.free();
  return Float32Array.from(samples);
}

/** How alike two signals are, 1: the same but for loudness. */
function likeness(one: Float32Array, other: Float32Array): number {
  let cross = 0;
  let a = 0;
  let b = 0;
  one.forEach((value, index) => {
    const with_ = other[index] ?? 0;
    cross += value * with_;
    a += value * value;
    b += with_ * with_;
  });
  return cross / Math.sqrt(a * b);
}

describe("the sound of a file", () => {
  for (const name of ["lameUtf16", "lameVbr"] as const) {
    it(`is cut to the sample where its encoder says how (${name})`, async () => {
      const file = files[name]();
      const facts = await readMp3(file);
      if (!facts) throw new Error("no MP3");
      const trim = await measure(file, facts);
      expect(trim.length).toBe(CHIRP_SAMPLES);
      const sound = (await decoded(file)).subarray(trim.start, trim.start + trim.length);
      const source = chirp();
      const exact = likeness(source.subarray(200, 12_000), sound.subarray(200, 12_000));
      expect(exact).toBeGreaterThan(0.995);
      // One sample off is already worse: the cut is exact.
      for (const off of [-1, 1]) {
        const shifted = likeness(source.subarray(200, 12_000), sound.subarray(200 + off, 12_000 + off));
        expect(shifted).toBeLessThan(exact);
      }
    });
  }

  it("is all of it where the file does not say", async () => {
    const file = files.ffmpegV24();
    const facts = await readMp3(file);
    if (!facts) throw new Error("no MP3");
    expect(facts.info).toBeUndefined();
    const trim = await measure(file, facts);
    const all = await decoded(file);
    expect(trim).toEqual({ start: 0, length: all.length });
    expect(facts.duration).toBeCloseTo(all.length / 44_100, 1);
  });

  it("has the duration that its info frame states", async () => {
    const facts = await readMp3(files.lameVbr());
    expect(facts?.duration).toBeCloseTo(0.3, 6);
  });

  it("is not found in a file that is no MP3", async () => {
    const noise = new Uint8Array(40_000).map((_, index) => (index * 7919) & 0xff);
    expect(await readMp3(new File([noise], "noise.bin"))).toBeUndefined();
    expect(await readMp3(new File([], "empty.mp3"))).toBeUndefined();
  });
});

describe("tags", () => {
  it("are read from ID3v2.3 in UTF-16", async () => {
    expect(await readTags(files.lameUtf16())).toEqual({
      title: "Grüne Wälder",
      artist: "Ōsaka 大阪",
      album: "Bäume",
    });
  });

  it("are read from ID3v2 in ISO-8859-1", async () => {
    expect(await readTags(files.lameLatin1())).toEqual({ title: "Grüne Wälder", artist: "Åse" });
  });

  it("are read from ID3v2.4 in UTF-8", async () => {
    expect(await readTags(files.ffmpegV24())).toMatchObject({
      title: "Grüne Wälder",
      artist: "Ōsaka 大阪",
      album: "Bäume",
    });
  });

  it("are read from ID3v1 at the end", async () => {
    expect(await readTags(files.lameId3v1())).toEqual({
      title: "Grüne Wälder",
      artist: "Åse",
      album: "Bäume",
    });
  });

  it("are none in a file without", async () => {
    expect(await readTags(new File([new Uint8Array(500)], "none"))).toEqual({});
  });
});

describe("cutting frames", () => {
  it("gives the same frames in whatever pieces the bytes come", async () => {
    const bytes = new Uint8Array(await files.lameUtf16().arrayBuffer());
    const whole = new FrameCutter();
    const expected = [...whole.push(bytes), ...whole.finish()].map((frame) => frame.bytes);
    expect(expected.length).toBeGreaterThan(10);
    for (const size of [1, 7, 500]) {
      const cutter = new FrameCutter();
      const frames: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        frames.push(...cutter.push(bytes.subarray(at, at + size)).map((frame) => frame.bytes));
      }
      frames.push(...cutter.finish().map((frame) => frame.bytes));
      expect(frames).toEqual(expected);
    }
  });

  it("finds its way again after garbage", async () => {
    const bytes = new Uint8Array(await files.lameVbr().arrayBuffer());
    const clean = new FrameCutter();
    const expected = [...clean.push(bytes), ...clean.finish()].length;
    const cutter = new FrameCutter();
    const garbage = new Uint8Array(300).fill(0x55);
    const found = [...cutter.push(bytes), ...cutter.push(garbage), ...cutter.push(bytes), ...cutter.finish()];
    expect(found.length).toBe(2 * expected);
    expect(cutter.skipped).toBeGreaterThanOrEqual(300);
  });
});
