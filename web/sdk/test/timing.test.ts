import { describe, expect, it } from "vitest";
import { Backoff } from "../src/backoff.js";
import { Titles } from "../src/titles.js";

describe("the backoff", () => {
  it("doubles to its bound, stays in the upper half, and begins anew after a success", () => {
    const shortest = new Backoff(() => 0);
    expect(Array.from({ length: 8 }, () => shortest.wait())).toEqual([
      125, 250, 500, 1_000, 2_000, 4_000, 5_000, 5_000,
    ]);
    const longest = new Backoff(() => 0.999_999);
    expect(longest.wait()).toBeCloseTo(250, 2);
    for (let n = 0; n < 10; n++) longest.wait();
    expect(longest.wait()).toBeCloseTo(10_000, 1);
    longest.reset();
    expect(longest.wait()).toBeCloseTo(250, 2);
  });
});

describe("titles", () => {
  it("hold from their frame on, the highest revision first, whatever order they come in", () => {
    const titles = new Titles();
    expect(titles.at(10)).toBeUndefined();
    expect(titles.add({ revision: 2, seq: 200, trackName: "B" })).toBe(true);
    expect(titles.add({ revision: 1, seq: 100, trackName: "A" })).toBe(false);
    expect(titles.add({ revision: 2, seq: 200, trackName: "B" })).toBe(false);
    expect(titles.add({ revision: 3, seq: 150, trackName: "C" })).toBe(true);
    expect([99, 100, 149, 150, 300].map((seq) => titles.at(seq)?.trackName)).toEqual([
      undefined,
      "A",
      "A",
      "C",
      "C",
    ]);
  });
});
