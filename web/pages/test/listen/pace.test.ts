import { describe, expect, it } from "vitest";
import { Pace } from "../../src/listen/pace.js";

/** Draws for a while, each picture at the same cost; gives how many were drawn. */
function draw(pace: Pace, forMs: number, costMs: number): number {
  let pictures = 0;
  for (let passed = 0; passed < forMs; passed += pace.intervalMs) {
    pace.spent(costMs);
    pictures += 1;
  }
  return pictures;
}

describe("the pace of the picture", () => {
  it("is 20 a second while pictures are cheap", () => {
    expect(draw(new Pace(), 10_000, 7)).toBe(200);
  });

  it("slows down when a picture takes more than 8 ms", () => {
    const pace = new Pace();
    draw(pace, 5_000, 9);
    expect(pace.intervalMs).toBe(75);
  });

  it("slows down until pictures take no more than a sixth of the time", () => {
    const pace = new Pace();
    draw(pace, 10_000, 20);
    expect(pace.intervalMs).toBe(150);
    draw(pace, 10_000, 20);
    expect(pace.intervalMs).toBe(150);
  });

  it("never stops, however much pictures cost", () => {
    const pace = new Pace();
    expect(draw(pace, 10_000, 1_000)).toBeGreaterThanOrEqual(40);
    expect(pace.intervalMs).toBe(250);
  });

  it("is not slowed down by one hitch", () => {
    const pace = new Pace();
    draw(pace, 2_000, 2);
    pace.spent(400);
    draw(pace, 1_000, 2);
    expect(pace.intervalMs).toBe(50);
  });

  it("comes back step by step once pictures have been cheap for long", () => {
    const pace = new Pace();
    draw(pace, 10_000, 20);
    expect(pace.intervalMs).toBe(150);
    draw(pace, 4_000, 1);
    expect(pace.intervalMs).toBe(150);
    draw(pace, 20_000, 1);
    expect(pace.intervalMs).toBe(50);
  });

  it("does not come back for pictures that would be too costly again", () => {
    const pace = new Pace();
    draw(pace, 5_000, 9);
    draw(pace, 60_000, 7);
    expect(pace.intervalMs).toBe(75);
  });
});
