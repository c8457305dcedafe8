import { describe, expect, it } from "vitest";
import { OutputClock } from "../../src/core/output-clock.js";
import { Random } from "./random.js";
import { chromiumOutput, firefoxOutput, type OutputNoise } from "./simulation.js";

const RATE = 48_000;
const BEGAN = 1.7e15;

/** Context µs that have left the device at a local time, by a clock `ppm` fast. */
function played(local: number, ppm: number): number {
  return (local - BEGAN) * (1 + ppm / 1e6);
}

/** Observes for `seconds`; gives by how many µs it is wrong each time. */
function observe(
  clock: OutputClock,
  noise: OutputNoise,
  ppm: number,
  from: number,
  seconds: number,
): number[] {
  const random = new Random(77);
  const wrong: number[] = [];
  const until = from + seconds * 1e6;
  for (let local = from; local < until; local += 100_000 + random.between(0, 10_000)) {
    const context = played(local, ppm);
    clock.add((context + noise(random, context)) / 1e6, local);
    const frame = clock.frameAt(local) ?? NaN;
    wrong.push((frame * 1e6) / RATE - context);
  }
  return wrong;
}

describe("the output's clock", () => {
  it.each([
    ["Chromium", chromiumOutput, 80, 500],
    ["Firefox", firefoxOutput, -150, 2_000],
  ])("is known through the noise of %s", (name, noise, ppm, bound) => {
    const clock = new OutputClock(RATE);
    const wrong = observe(clock, noise, ppm, BEGAN + 1e6, 120).map(Math.abs);
    const settled = wrong.slice(100);
    const most = Math.max(...settled);
    console.log(`${name}: at most ${most.toFixed(0)} µs, at first ${wrong[9]?.toFixed(0) ?? ""} µs`);
    expect(settled.length).toBeGreaterThan(1_000);
    expect(most).toBeLessThan(bound);
    expect(clock.framesPerMicro / (RATE / 1e6)).toBeCloseTo(1 + ppm / 1e6, 4);
  });

  it("is right from the first observation on, as far as that was", () => {
    const clock = new OutputClock(RATE);
    expect(clock.frameAt(BEGAN)).toBeUndefined();
    clock.add(2, BEGAN);
    expect(clock.frameAt(BEGAN)).toBeCloseTo(2 * RATE, 0);
    expect(clock.frameAt(BEGAN + 500_000)).toBeCloseTo(2.5 * RATE, 0);
    expect(clock.framesPerMicro).toBe(RATE / 1e6);
  });

  it("learns a rate that is far off", () => {
    const clock = new OutputClock(RATE);
    const wrong = observe(clock, chromiumOutput, 2_660, BEGAN + 1e6, 60);
    expect(Math.max(...wrong.slice(150).map(Math.abs))).toBeLessThan(1_500);
  });

  it("follows a pause of the context within a second", () => {
    const clock = new OutputClock(RATE);
    observe(clock, chromiumOutput, 0, BEGAN + 1e6, 30);
    const paused: OutputNoise = (random) => random.normal(300) - 400_000;
    const wrong = observe(clock, paused, 0, BEGAN + 40e6, 20);
    const after = wrong.slice(12).map((micros) => Math.abs(micros + 400_000));
    expect(Math.abs(wrong[2] ?? NaN)).toBeLessThan(2_000);
    expect(Math.max(...after)).toBeLessThan(1_500);
  });

  it.each([
    ["Chromium", chromiumOutput],
    ["Firefox", firefoxOutput],
  ])("follows a device that ran dry for 9 ms within a second, in the noise of %s", (_, noise) => {
    const clock = new OutputClock(RATE);
    observe(clock, noise, -210, BEGAN + 1e6, 60);
    const dry: OutputNoise = (random, context) => noise(random, context) - 9_000;
    const wrong = observe(clock, dry, -210, BEGAN + 61e6, 30).map((micros) => micros + 9_000);
    const after = wrong.slice(10).map(Math.abs);
    expect(after.length).toBeGreaterThan(200);
    expect(Math.abs(wrong[1] ?? NaN)).toBeGreaterThan(7_000);
    expect(Math.max(...after)).toBeLessThan(3_000);
    expect(clock.framesPerMicro / (RATE / 1e6)).toBeCloseTo(1 - 210e-6, 4);
  });

  it("does not believe a context that has not begun, and forgets when told", () => {
    const clock = new OutputClock(RATE);
    clock.add(0, BEGAN);
    clock.add(1, 0);
    expect(clock.frameAt(BEGAN)).toBeUndefined();
    clock.add(1, BEGAN);
    clock.reset();
    expect(clock.frameAt(BEGAN)).toBeUndefined();
  });
});
