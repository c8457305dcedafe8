import { describe, expect, it } from "vitest";
import { DUCKING } from "../../src/studio/core/ducking.js";
import { LOOKAHEAD } from "../../src/studio/core/limiter.js";
import {
  Mixer,
  MIXER_SETTINGS,
  QUANTUM,
  type MixerEvent,
  type MixerSettings,
} from "../../src/studio/core/mixer.js";

const RATE = 48_000;
const DELAY = LOOKAHEAD - 1;

class Bench {
  readonly mixer = new Mixer(RATE);
  readonly events: MixerEvent[] = [];

  constructor(settings: Partial<MixerSettings> = {}) {
    this.mixer.set({ ...MIXER_SETTINGS, ...settings });
  }

  /** Loads and feeds a whole track. */
  track(id: number, samples: Float32Array, total = samples.length): void {
    this.mixer.load(id, total, 0);
    for (let at = 0; at < samples.length; at += 1000) {
      const piece = samples.slice(at, at + 1000);
      this.mixer.feed(id, piece, piece.slice());
    }
    this.mixer.end(id);
  }

  /** Renders; gives the left channel of the mix, without the limiter's delay. */
  render(frames: number, voice: (frame: number) => number = () => 0): Float32Array {
    const out = new Float32Array(Math.ceil((frames + DELAY) / QUANTUM) * QUANTUM);
    const left = new Float32Array(QUANTUM);
    const right = new Float32Array(QUANTUM);
    const own = [new Float32Array(QUANTUM), new Float32Array(QUANTUM)] as const;
    for (let at = 0; at < out.length; at += QUANTUM) {
      const input = Float32Array.from({ length: QUANTUM }, (_, index) => voice(at + index));
      this.mixer.render([input], [left, right], own, QUANTUM);
      out.set(left, at);
      this.events.push(...this.mixer.takeEvents());
    }
    return out.slice(DELAY, DELAY + frames);
  }
}

const ramp = (length: number, from = 0) =>
  Float32Array.from({ length }, (_, index) => (from + index) / 100_000);
const level = (length: number, value: number) => new Float32Array(length).fill(value);

describe("tracks without a crossfade", () => {
  it("join to the sample, with no gap and no overlap", () => {
    const bench = new Bench();
    const source = ramp(20_000);
    bench.track(1, source.slice(0, 7_777));
    bench.track(2, source.slice(7_777));
    expect(bench.render(20_000)).toEqual(source);
    expect(bench.mixer.report().starved).toBe(0);
  });

  it("tell the very sample from which each is heard", () => {
    const bench = new Bench();
    bench.track(1, ramp(7_777));
    bench.track(2, ramp(5_000));
    bench.render(20_000);
    expect(bench.events).toEqual([
      { kind: "on-air", track: 1, at: DELAY },
      { kind: "on-air", track: 2, at: DELAY + 7_777 },
      { kind: "ran-out", track: 2, at: DELAY + 12_777 },
    ]);
  });

  it("wait in silence where samples are late, and lose none", () => {
    const bench = new Bench();
    bench.mixer.load(1, 2_000, 0);
    bench.mixer.feed(1, level(1_000, 0.5), level(1_000, 0.5));
    const before = bench.render(2_000);
    expect(before.at(990)).toBe(0.5);
    expect(before.at(1_500)).toBe(0);
    expect(bench.mixer.report().starved).toBeGreaterThan(0);
    bench.mixer.feed(1, level(1_000, 0.5), level(1_000, 0.5));
    const after = bench.render(3_000);
    expect(after.filter((value) => value === 0.5).length).toBeGreaterThanOrEqual(1_000 - DELAY);
  });
});

describe("a crossfade", () => {
  it("keeps the power of what it mixes", () => {
    const bench = new Bench({ crossfade: 1 });
    bench.track(1, level(3 * RATE, 0.5));
    bench.track(2, new Float32Array(3 * RATE));
    const leaving = bench.render(4 * RATE);
    const other = new Bench({ crossfade: 1 });
    other.track(1, new Float32Array(3 * RATE));
    other.track(2, level(3 * RATE, 0.5));
    const coming = other.render(4 * RATE);
    const checked = [0, 0.1, 0.25, 0.5, 0.75, 0.9].map((at) => Math.round((2 + at) * RATE));
    for (const at of checked) {
      const power = (leaving[at] ?? 0) ** 2 + (coming[at] ?? 0) ** 2;
      expect(power).toBeCloseTo(0.25, 4);
    }
    expect(leaving[2 * RATE - 1]).toBe(0.5);
    expect(leaving[3 * RATE]).toBeCloseTo(0, 4);
    expect(coming[3 * RATE]).toBe(0.5);
  });

  it("tells the next track in its middle", () => {
    const bench = new Bench({ crossfade: 1 });
    bench.track(1, level(3 * RATE, 0.5));
    bench.track(2, level(3 * RATE, 0.5));
    bench.render(4 * RATE);
    expect(bench.events).toEqual([
      { kind: "on-air", track: 1, at: DELAY },
      { kind: "on-air", track: 2, at: DELAY + 2.5 * RATE },
    ]);
  });

  it("is no longer than half of a short track", () => {
    const bench = new Bench({ crossfade: 4 });
    bench.track(1, level(2 * RATE, 0.5));
    bench.track(2, level(3 * RATE, 0));
    const out = bench.render(2 * RATE);
    expect(out[RATE - 1]).toBe(0.5);
    expect(out[RATE + RATE / 2]).toBeCloseTo(0.5 * Math.SQRT1_2, 3);
  });

  it("lets a third track wait for its turn", () => {
    const bench = new Bench({ crossfade: 1 });
    bench.track(1, level(2 * RATE, 0.1));
    bench.track(2, level(2 * RATE, 0.2));
    bench.render(1.6 * RATE);
    bench.track(3, level(2 * RATE, 0.3));
    expect(bench.mixer.tracks).toEqual([1, 2, 3]);
    bench.render(2 * RATE);
    expect(bench.events).toEqual([
      { kind: "on-air", track: 1, at: DELAY },
      { kind: "on-air", track: 2, at: DELAY + 1.5 * RATE },
      { kind: "on-air", track: 3, at: DELAY + 2.5 * RATE },
    ]);
  });

  it("comes to its end although the next track breaks off in it", () => {
    const bench = new Bench({ crossfade: 1 });
    bench.track(1, level(2 * RATE, 0.5));
    bench.track(2, level(1000, 0.5), 4 * RATE);
    bench.render(3 * RATE);
    expect(bench.events.at(-1)?.kind).toBe("ran-out");
    expect(bench.mixer.tracks).toEqual([]);
  });
});

describe("skipping", () => {
  it("fades to the next track at once", () => {
    const bench = new Bench();
    bench.track(1, level(5 * RATE, 0.5));
    bench.track(2, level(5 * RATE, 0.25));
    bench.render(RATE);
    bench.mixer.skip();
    const out = bench.render(RATE);
    expect(out[RATE - 1]).toBe(0.25);
    expect(bench.events.map((event) => event.track)).toEqual([1, 2]);
  });

  it("ends the music where nothing follows", () => {
    const bench = new Bench();
    bench.track(1, level(5 * RATE, 0.5));
    bench.render(RATE);
    bench.mixer.skip();
    expect(bench.render(RATE).at(-1)).toBe(0);
    expect(bench.events.at(-1)).toMatchObject({ kind: "ran-out", track: 1 });
  });
});

describe("a pause", () => {
  it("fades the music out and goes on where it was", () => {
    const bench = new Bench();
    bench.track(1, ramp(3 * RATE));
    bench.render(RATE / 2);
    bench.mixer.set({ ...MIXER_SETTINGS, paused: true });
    const out = bench.render(RATE);
    expect(out.at(-1)).toBe(0);
    const [deck] = bench.mixer.report().decks;
    bench.render(RATE);
    expect(bench.mixer.report().decks[0]?.position).toBe(deck?.position);
    bench.mixer.set(MIXER_SETTINGS);
    bench.render(RATE / 2);
    expect(bench.mixer.report().decks[0]?.position).toBeGreaterThan(deck?.position ?? 0);
  });
});

describe("the voice", () => {
  it("is measured but not in the mix before the talk button is pressed", () => {
    const bench = new Bench();
    const out = bench.render(RATE, () => 0.3);
    expect(Math.max(...out)).toBe(0);
    const { voice } = bench.mixer.report();
    expect(voice.peak).toBeCloseTo(0.3, 5);
    expect(voice.rms).toBeCloseTo(0.3, 3);
  });

  it("lowers the music while it speaks, and lets it come back", () => {
    const bench = new Bench({ talking: true, ducking: { ...DUCKING, depthDb: 20 } });
    bench.track(1, level(6 * RATE, 0.5));
    const speech = (frame: number) => (frame < RATE ? 0.1 : 0);
    const out = bench.render(4 * RATE, speech);
    // 0.5 lowered by 20 dB, and the voice on top.
    expect(out[RATE - 1]).toBeCloseTo(0.15, 3);
    // In the pause the music is still held down, later it is back.
    expect(out[RATE + Math.round(0.4 * RATE)]).toBeCloseTo(0.05, 3);
    expect(out[Math.round(2.8 * RATE)]).toBeCloseTo(0.5, 3);
  });

  it("does not lower the music with noise below the threshold", () => {
    const bench = new Bench({ talking: true });
    bench.track(1, level(2 * RATE, 0.5));
    const out = bench.render(RATE, () => 0.004);
    expect(out.at(-1)).toBeCloseTo(0.504, 4);
  });

  it("counts an input that clips, and a mix that is too loud for full scale", () => {
    const bench = new Bench({ talking: true, ducking: { ...DUCKING, depthDb: 0 } });
    bench.track(1, level(2 * RATE, 0.7));
    bench.render(RATE, (frame) => (frame > RATE / 2 && frame < RATE / 2 + 100 ? 1 : 0));
    const { voice, mix, limited } = bench.mixer.report();
    expect(voice.clips).toBe(1);
    expect(mix.clips).toBe(1);
    expect(mix.peak).toBeCloseTo(1.7, 4);
    expect(limited).toBeLessThan(0.6);
  });
});
