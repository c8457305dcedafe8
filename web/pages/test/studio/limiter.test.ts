import { describe, expect, it } from "vitest";
import { CEILING, Limiter, LOOKAHEAD } from "../../src/studio/core/limiter.js";

function limited(input: Float32Array): Float32Array {
  const limiter = new Limiter(48_000);
  const out = new Float32Array(input);
  const right = new Float32Array(input);
  for (let at = 0; at < out.length; at += 128) {
    limiter.process(out.subarray(at), right.subarray(at), Math.min(128, out.length - at));
  }
  return out;
}

/** Noise from a seed, from -1 to 1. */
function noise(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2 ** 31;
  });
}

describe("the limiter", () => {
  it("lets sound below its ceiling pass unchanged, a lookahead late", () => {
    const input = noise(48_000, 7).map((value) => value * 0.85);
    const out = limited(input);
    expect(out.slice(LOOKAHEAD - 1)).toEqual(input.slice(0, 1 - LOOKAHEAD));
  });

  it("never lets anything past its ceiling", () => {
    const input = noise(480_000, 11).map((value, index) => value * (1 + 3 * Math.sin(index / 9_000)));
    const loudest = limited(input).reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
    expect(loudest).toBeLessThanOrEqual(CEILING + 1e-6);
    expect(loudest).toBeGreaterThan(0.8);
  });

  it("changes its gain without a step", () => {
    // A steady level with one peak far over the ceiling: the output divided by the input.
    const input = new Float32Array(20_000).fill(0.5);
    input[10_000] = 5;
    const out = limited(input);
    let steepest = 0;
    for (let index = 9_000; index < 19_000; index += 1) {
      const isPeak = Math.abs(index - 10_000 - (LOOKAHEAD - 1)) <= 1;
      if (isPeak) continue;
      steepest = Math.max(steepest, Math.abs((out[index] ?? 0) - (out[index - 1] ?? 0)));
    }
    expect(steepest).toBeLessThan(0.01);
  });

  it("comes back to full gain after a peak", () => {
    const input = new Float32Array(96_000).fill(0.5);
    input[100] = 4;
    expect(limited(input).at(-1)).toBeCloseTo(0.5, 3);
  });
});
