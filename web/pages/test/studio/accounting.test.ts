import { MPEGDecoder } from "mpg123-decoder";
import { describe, expect, it } from "vitest";
import { createMp3Encoder } from "wasm-media-encoders/esnext";
import { EncoderAccount } from "../../src/studio/core/accounting.js";
import { FrameCutter } from "../../src/studio/core/mp3-frames.js";
import { TitleQueue } from "../../src/studio/core/title-queue.js";

describe("the account of the encoder", () => {
  for (const kbps of [96, 128, 320] as const) {
    it(`names the frame with which a sound is heard, at ${kbps} kbit/s`, async () => {
      const encoder = await createMp3Encoder();
      encoder.configure({
        sampleRate: 44_100,
        channels: 2,
        bitrate: kbps,
        outputSampleRate: 44_100,
      });
      const decoder = new MPEGDecoder({ enableGapless: false });
      await decoder.ready;
      const account = new EncoderAccount();
      const cutter = new FrameCutter();
      // The mix does not begin at 0, and the click is at the front of a frame's samples.
      const origin = 7_000;
      const click = origin + 20 * 1152 - 1105 + 30;
      const peaks: number[] = [];
      for (let run = 0; run < 120; run += 1) {
        const first = origin + run * 512;
        const sound = new Float32Array(512);
        for (let index = 0; index < 512; index += 1) {
          const since = first + index - click;
          if (since >= 0 && since < 60) sound[index] = Math.cos(since / 3) * Math.exp(-since / 15);
        }
        account.fed(first, 512);
        for (const { bytes } of cutter.push(encoder.encode([sound, sound]))) {
          account.frame(peaks.length * 100);
          const [samples = new Float32Array(0)] = decoder.decodeFrame(bytes).channelData;
          peaks.push(samples.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0));
        }
      }
      decoder.free();
      const loudest = peaks.indexOf(Math.max(...peaks));
      expect(loudest).toBe(20);
      expect(account.frameOf(click)).toBe(20);
      expect(account.place(click)).toEqual({ kind: "byte", atByte: 2000 });
    });
  }

  it("counts bytes anew with a fresh session", () => {
    const account = new EncoderAccount();
    account.fed(0, 1152 * 10);
    for (let frame = 0; frame < 5; frame += 1) account.frame(frame * 400);
    account.frame(0);
    expect(account.place(0).kind).toBe("gone");
    expect(account.place(5 * 1152 - 1105)).toEqual({ kind: "byte", atByte: 0 });
    expect(account.place(6 * 1152 - 1105)).toEqual({ kind: "later" });
  });

  it("keeps its place over samples left out and silence put in", () => {
    const account = new EncoderAccount();
    account.fed(0, 1152);
    account.silence(1152);
    // 5,000 samples of the mix were left out.
    account.fed(6152, 1152);
    expect(account.frameOf(6152)).toBe(Math.floor((2 * 1152 + 1105) / 1152));
    expect(account.frameOf(3000)).toBe(account.frameOf(6152));
    expect(account.encoded).toBe(3 * 1152);
  });
});

describe("titles on their way", () => {
  it("go out with the byte of their frame, once it is made", () => {
    const account = new EncoderAccount();
    const titles = new TitleQueue(account);
    account.fed(0, 1152 * 4);
    titles.add({ trackName: "One" }, 1152);
    expect(titles.take()).toEqual([]);
    account.frame(0);
    account.frame(400);
    expect(titles.take()).toEqual([{ title: { trackName: "One" }, atByte: 400 }]);
    expect(titles.take()).toEqual([]);
  });

  it("go out without a byte where their frame is long gone", () => {
    const account = new EncoderAccount();
    const titles = new TitleQueue(account);
    account.fed(0, 1152 * 300);
    for (let frame = 0; frame < 300; frame += 1) account.frame(frame * 400);
    titles.add({ trackName: "Late" }, 0);
    expect(titles.take()).toEqual([{ title: { trackName: "Late" }, atByte: undefined }]);
  });
});
