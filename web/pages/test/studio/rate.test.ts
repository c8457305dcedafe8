import { describe, expect, it } from "vitest";
import { RateConverter } from "../../src/studio/core/rate.js";

const sine = (frequency: number, rate: number, length: number) =>
  Float32Array.from({ length }, (_, n) => Math.sin((2 * Math.PI * frequency * n) / rate));

function converted(input: Float32Array, from: number, to: number, piece: number): Float32Array {
  const converter = new RateConverter(from, to);
  const out: number[] = [];
  for (let at = 0; at < input.length; at += piece) {
    const samples = input.slice(at, at + piece);
    out.push(...converter.push({ left: samples, right: samples }).right);
  }
  out.push(...converter.finish().right);
  return Float32Array.from(out);
}

describe("converting sample rates", () => {
  for (const [from, to] of [
    [44_100, 48_000],
    [48_000, 44_100],
    [22_050, 48_000],
  ] as const) {
    it(`keeps a sine what it is, from ${from} to ${to} Hz`, () => {
      const input = sine(1_000, from, from);
      const out = converted(input, from, to, 1152);
      expect(out).toHaveLength(to);
      const wanted = sine(1_000, to, to);
      let noise = 0;
      let signal = 0;
      for (let n = 500; n < to - 500; n += 1) {
        noise += ((out[n] ?? 0) - (wanted[n] ?? 0)) ** 2;
        signal += (wanted[n] ?? 0) ** 2;
      }
      expect(10 * Math.log10(signal / noise)).toBeGreaterThan(80);
    });
  }

  it("gives the same in whatever pieces it comes", () => {
    const input = sine(3_000, 44_100, 10_000);
    const whole = converted(input, 44_100, 48_000, 10_000);
    expect(whole).toHaveLength(Math.ceil((10_000 * 48_000) / 44_100));
    for (const piece of [1, 17, 1152]) {
      const out = converted(input, 44_100, 48_000, piece);
      expect(out).toHaveLength(whole.length);
      const worst = out.reduce((most, value, n) => Math.max(most, Math.abs(value - (whole[n] ?? 0))), 0);
      expect(worst).toBeLessThan(1e-6);
    }
  });

  it("passes equal rates as they are", () => {
    const input = sine(440, 48_000, 5_000);
    expect(converted(input, 48_000, 48_000, 999)).toEqual(input);
  });
});
