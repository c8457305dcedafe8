import { describe, expect, it } from "vitest";
import { Kernel } from "../../src/core/kernel.js";
import { signalToNoise, tone } from "./signals.js";

/** Resamples a tone, and compares with the same tone at the places asked for. */
function quality(hertz: number, inputRate: number, outputRate: number, ppm: number): number {
  const kernel = new Kernel(inputRate, outputRate);
  const ratio = (inputRate / outputRate) * (1 + ppm / 1e6);
  const count = 4_000;
  const sound = tone(hertz);
  const input = Float32Array.from({ length: Math.ceil(count * ratio) + 4 * kernel.half }, (_, n) =>
    sound(n / inputRate),
  );
  const left = new Float32Array(count);
  const begin = kernel.half + 0.3;
  const gains = new Float32Array(count).fill(1);
  const right = new Float32Array(count);
  kernel.add(input, input, begin, ratio, gains, left, right, 0, count);
  expect(right).toEqual(left);
  const expected = Array.from(left, (_, n) => sound((begin + n * ratio) / inputRate));
  return signalToNoise(Array.from(left), expected);
}

describe("the interpolator", () => {
  it.each([
    [1_000, 44_100, 48_000, 0, 80],
    [15_000, 44_100, 48_000, 0, 60],
    [1_000, 48_000, 48_000, 200, 80],
    [15_000, 48_000, 48_000, 200, 60],
    [1_000, 48_000, 44_100, -500, 80],
    [15_000, 48_000, 44_100, -500, 60],
    [1_000, 8_000, 48_000, 0, 80],
    [1_000, 24_000, 44_100, 100, 80],
    [2_000, 48_000, 8_000, 0, 60],
  ])("keeps a tone of %d Hz pure from %d to %d Hz at %d ppm", (hertz, from, to, ppm, least) => {
    const decibels = quality(hertz, from, to, ppm);
    console.log(`${hertz} Hz, ${from} to ${to} Hz, ${ppm} ppm: ${decibels.toFixed(1)} dB`);
    expect(decibels).toBeGreaterThan(least);
  });

  it("gives each sample as it is where rates are equal and places whole", () => {
    const kernel = new Kernel(44_100, 44_100);
    const input = Float32Array.from({ length: 96 }, (_, n) => Math.sin(n * n));
    const out = new Float32Array(32);
    const gains = new Float32Array(32).fill(1);
    kernel.add(input, input, 32, 1, gains, out, new Float32Array(32), 0, 32);
    out.forEach((value, n) => {
      expect(value).toBeCloseTo(input[32 + n] ?? NaN, 6);
    });
  });

  it("keeps what is above the lower rate's band from folding back", () => {
    const kernel = new Kernel(48_000, 32_000);
    const sound = tone(22_000);
    const input = Float32Array.from({ length: 4_000 }, (_, n) => sound(n / 48_000));
    const out = new Float32Array(2_000);
    const gains = new Float32Array(2_000).fill(1);
    kernel.add(input, input, 64, 1.5, gains, out, new Float32Array(2_000), 0, 2_000);
    expect(Math.max(...out.map(Math.abs))).toBeLessThan(0.005);
  });
});
