import { describe, expect, it } from "vitest";
import { stillWaves, Waves } from "../../src/listen/waves.js";

/** Lets waves hear a level each 16 ms. */
function hear(waves: Waves, from: number, to: number, level: (at: number) => number): void {
  for (let now = from; now < to; now += 16) waves.hear(level(now), now);
}

describe("the waves of the picture", () => {
  it("go out at one speed, nearest first", () => {
    const waves = new Waves();
    hear(waves, 0, 2_000, () => 0.2);
    const seen = waves.under(10_000, 2_000);
    expect(seen.length).toBeGreaterThan(5);
    const distances = seen.map(({ distance }) => distance);
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
    const later = waves.under(10_000, 2_100);
    expect((later[0]?.distance ?? 0) - (seen[0]?.distance ?? 0)).toBeCloseTo(8.5, 5);
  });

  it("are evenly apart, however seldom the level is told", () => {
    const waves = new Waves();
    for (let now = 0; now < 3_000; now += 50) waves.hear(0.2, now);
    const distances = waves.under(10_000, 3_000).map(({ distance }) => distance);
    expect(distances.length).toBeGreaterThan(10);
    distances.slice(1).forEach((distance, index) => {
      expect(distance - (distances[index] ?? 0)).toBeCloseTo(21.25, 5);
    });
  });

  it("are strong for a loud moment and weak for a quiet one", () => {
    const waves = new Waves();
    hear(waves, 0, 6_000, (at) => (at % 2_000 < 200 ? 0.5 : 0.08));
    const strengths = waves.under(10_000, 6_000).map(({ strength }) => strength);
    expect(Math.max(...strengths)).toBeGreaterThan(0.85);
    expect(Math.min(...strengths)).toBeLessThan(0.4);
  });

  it("are as lively for quiet music as for loud music", () => {
    const beat = (gain: number): readonly number[] => {
      const waves = new Waves();
      hear(waves, 0, 6_000, (at) => gain * (at % 1_000 < 200 ? 1 : 0.3));
      return waves.under(10_000, 6_000).map(({ strength }) => strength);
    };
    const [loud, quiet] = [beat(0.5), beat(0.05)];
    expect(loud.length).toBeGreaterThan(10);
    loud.forEach((strength, index) => {
      expect(quiet[index]).toBeCloseTo(strength, 5);
    });
  });

  it("are none of silence", () => {
    const waves = new Waves();
    hear(waves, 0, 2_000, () => 0);
    const seen = waves.under(10_000, 2_000);
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.every(({ strength }) => strength === 0)).toBe(true);
  });

  it("are forgotten past the farthest corner", () => {
    const waves = new Waves();
    hear(waves, 0, 60_000, () => 0.2);
    expect(waves.under(400, 60_000).length).toBeLessThan(30);
    expect(waves.under(100_000, 60_000).length).toBeLessThan(30);
  });

  it("go on from now after the page was hidden", () => {
    const waves = new Waves();
    hear(waves, 0, 1_000, () => 0.2);
    hear(waves, 60_000, 60_400, () => 0.2);
    const seen = waves.under(500, 60_400);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.length).toBeLessThanOrEqual(3);
  });

  it("stand still, weaker outwards, where nothing moves", () => {
    const still = stillWaves(300);
    expect(still).toHaveLength(7);
    expect(still.at(-1)?.distance).toBe(300);
    expect(still.at(-1)?.strength).toBeLessThan(still[0]?.strength ?? 0);
  });
});
