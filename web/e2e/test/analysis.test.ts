import { expect, test } from "@playwright/test";
import {
  clicks,
  differences,
  faults,
  gaps,
  quantile,
  track,
  undisturbed,
  withoutExcuse,
} from "../src/analysis.js";
import { randomFrom } from "../src/random.js";
import { SAMPLE_RATE } from "../src/recording.js";
import { decode, encode, frameStart, makeSource, wander } from "../src/signal.js";

const SECONDS = 12;
const clean = wander(SECONDS, 7, SAMPLE_RATE);

/** The clean signal from `from` seconds on, behind `before` seconds of silence. */
function heard(from: number, before = 0): Float32Array {
  const rest = clean.subarray(Math.round(from * SAMPLE_RATE));
  const silence = Math.round(before * SAMPLE_RATE);
  const out = new Float32Array(silence + rest.length);
  out.set(rest, silence);
  return out;
}

test("clean sound is followed to microseconds, and has neither a gap nor a click", () => {
  const recording = heard(3);
  const points = track(recording, clean);
  expect(points.length).toBeGreaterThan(100);
  for (const { at, position, match } of points) {
    expect(Math.abs((position ?? NaN) - at - 3)).toBeLessThan(5e-6);
    expect(match).toBeGreaterThan(0.99);
  }
  expect(gaps(recording)).toEqual([]);
  expect(clicks(recording)).toEqual([]);
});

test("noise and a lower level do not lead astray", () => {
  const random = randomFrom(3);
  const recording = heard(2).map((sample) => 0.2 * sample + 0.004 * (random() - 0.5));
  const points = track(recording, clean);
  expect(points.length).toBeGreaterThan(100);
  for (const { at, position } of points) {
    expect(Math.abs((position ?? NaN) - at - 2)).toBeLessThan(5e-5);
  }
});

test("silence and other music have no position", () => {
  const other = wander(3, 8, SAMPLE_RATE);
  const recording = new Float32Array(5 * SAMPLE_RATE);
  recording.set(other, 2 * SAMPLE_RATE);
  const points = track(recording, clean);
  expect(points.length).toBeGreaterThan(50);
  for (const { position } of points) expect(position).toBeUndefined();
});

test("a gap of 3 ms is found, faded or not", () => {
  for (const fade of [0, 120]) {
    const recording = heard(0);
    const from = 5 * SAMPLE_RATE;
    const length = 144 + 2 * fade;
    for (let n = 0; n < length; n++) {
      const edge = Math.min(n, length - n);
      const gain = edge < fade ? 0.5 + 0.5 * Math.cos((Math.PI * edge) / fade) : 0;
      recording[from + n] = (recording[from + n] ?? 0) * gain;
    }
    const found = gaps(recording);
    expect(found).toHaveLength(1);
    expect(found[0]?.from).toBeGreaterThan(4.997);
    expect(found[0]?.to).toBeLessThan(5.015);
    expect(clicks(recording)).toHaveLength(fade === 0 ? 1 : 0);
  }
});

test("a click is found: one sample, a jump of the level, a jump in time", () => {
  const at = 6 * SAMPLE_RATE;
  const one = heard(0);
  one[at] = (one[at] ?? 0) + 0.05;
  const step = heard(0).map((sample, n) => (n < at ? sample : sample + 0.05));
  const jump = heard(0);
  jump.set(clean.subarray(at + 333), at);
  for (const recording of [one, step, jump]) {
    const found = clicks(recording.subarray(0, at + 5000));
    expect(found).toHaveLength(1);
    expect(Math.abs((found[0]?.at ?? NaN) - 6)).toBeLessThan(0.002);
  }
});

test("an offset between two ears is told, and a jump in the middle", () => {
  const one = track(heard(2), clean);
  const other = track(heard(2.005), clean);
  const found = differences(other, one);
  expect(found.length).toBeGreaterThan(100);
  expect(quantile(found, 0.01)).toBeCloseTo(5, 2);
  expect(quantile(found, 0.99)).toBeCloseTo(5, 2);

  const jumping = heard(2);
  jumping.set(clean.subarray(8 * SAMPLE_RATE), 4 * SAMPLE_RATE);
  const points = track(jumping.subarray(0, 7 * SAMPLE_RATE), clean);
  const late = points.filter((point) => point.at > 4.2).map((p) => (p.position ?? NaN) - p.at);
  expect(late.length).toBeGreaterThan(20);
  for (const offset of late) expect(offset).toBeCloseTo(4, 4);
});

test("100 ppm of drift is followed", () => {
  const drifting = heard(0).map((_, n, samples) => {
    const place = n * 1.0001;
    const whole = Math.floor(place);
    const [a, b] = [samples[whole] ?? 0, samples[whole + 1] ?? 0];
    return a + (b - a) * (place - whole);
  });
  const points = track(drifting.slice(0, 11 * SAMPLE_RATE), clean);
  expect(points.length).toBeGreaterThan(100);
  for (const { at, position } of points) {
    expect(Math.abs((position ?? NaN) - at * 1.0001)).toBeLessThan(2e-5);
  }
});

test("MP3 changes neither position nor level, and makes no click", async () => {
  const source = await makeSource(5, 7);
  expect(source.offsets.length).toBeGreaterThan(190);
  const length = source.samples.length / SAMPLE_RATE;
  expect(length).toBeCloseTo(frameStart(source.offsets.length), 2);
  const inner = { from: 0.1, to: length - 0.1 };
  expect(gaps(source.samples, inner)).toEqual([]);
  expect(clicks(source.samples, inner)).toEqual([]);

  const again = await decode(await encode(wander(5, 7)));
  const points = track(again, source.samples).slice(2, -4);
  expect(points.length).toBeGreaterThan(80);
  for (const { at, position } of points) expect(position).toBeCloseTo(at, 6);
});

test("a hole in what is played and a stall of the sound card are told apart", () => {
  const hole = heard(0);
  hole.fill(0, 5 * SAMPLE_RATE, 5.03 * SAMPLE_RATE);
  const stall = heard(0);
  stall.fill(0, 5 * SAMPLE_RATE, 5.03 * SAMPLE_RATE);
  stall.set(clean.subarray(5 * SAMPLE_RATE, 11 * SAMPLE_RATE), 5.03 * SAMPLE_RATE);
  const within = { from: 1, to: 10 };
  const [first, second] = [hole, stall].map((recording) =>
    faults(recording, track(recording, clean), within),
  );
  expect(first?.holes).toHaveLength(1);
  expect(first?.stalls).toEqual([]);
  expect(first?.clicks.length).toBeGreaterThan(0);
  expect(second?.holes).toEqual([]);
  expect(second?.stalls).toHaveLength(1);
  expect(second?.clicks).toEqual([]);
});

test("a standstill of the machine excuses what was rendered in it, and nothing else", () => {
  const recording = heard(0);
  for (const at of [3, 5, 7]) recording.fill(0, at * SAMPLE_RATE, (at + 0.03) * SAMPLE_RATE);
  const found = faults(recording, track(recording, clean), { from: 1, to: 10 });
  expect(found.holes).toHaveLength(3);
  const before = { from: 2.9, to: 2.91 };
  const longBefore = { from: 4.7, to: 4.75 };
  const after = { from: 7.02, to: 7.03 };
  const left = withoutExcuse(found, [before, longBefore, after]);
  expect(left.holes.map(({ from }) => Math.round(from))).toEqual([5, 7]);
  expect(left.clicks.length).toBeGreaterThan(0);
  for (const { at } of left.clicks) expect(at).toBeGreaterThan(4.9);
  expect(withoutExcuse(found, [])).toEqual(found);
});

test("a standstill takes away the points whose sound was on its way then, and no others", () => {
  const points = [1, 1.2, 1.4, 1.6].map((at) => ({ at, position: at, match: 1 }));
  const places = (stills: readonly { from: number; to: number }[], ahead?: number): number[] =>
    undisturbed(points, stills, ahead).map(({ at }) => at);
  expect(places([])).toEqual([1, 1.2, 1.4, 1.6]);
  expect(places([{ from: 1.1, to: 1.11 }], 0.2)).toEqual([1, 1.4, 1.6]);
  expect(places([{ from: 1.23, to: 1.25 }], 0.05)).toEqual([1, 1.4, 1.6]);
  expect(places([{ from: 1.05, to: 1.06 }], 0.4)).toEqual([1, 1.6]);
});
