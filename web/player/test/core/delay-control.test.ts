import { describe, expect, it } from "vitest";
import { DelayControl, LADDER, type DelayMode } from "../../src/core/delay-control.js";
import { Random } from "./random.js";

const FRAME = 26_122;

/** Runs a control on frames that are ready so many ms after their time; gives its changes. */
function run(
  control: DelayControl,
  seconds: number,
  readyMs: (at: number) => number,
  from = 0,
): { at: number; delayMs: number }[] {
  const changes: { at: number; delayMs: number }[] = [];
  for (let now = from * 1e6; now < (from + seconds) * 1e6; now += FRAME) {
    const before = control.delayMs;
    control.observe(before - readyMs(now / 1e6), now);
    if (control.delayMs !== before) changes.push({ at: now / 1e6, delayMs: control.delayMs });
  }
  return changes;
}

describe("the delay", () => {
  it.each<[DelayMode, number, number, number]>([
    ["low", 100, 0, 50],
    ["normal", 200, 40, 110],
    ["steady", 500, 200, 250],
    [120, 120, 0, 70],
    [250, 250, 40, 160],
    [60, 60, 0, 20],
    [900, 900, 200, 650],
  ])("of %s begins at %d ms, gathers for %d ms, waits %d ms", (mode, delay, latency, patience) => {
    const control = new DelayControl(mode, 200);
    expect(control.delayMs).toBe(delay);
    expect(control.latencyMs).toBe(latency);
    expect(control.patienceMs).toBe(patience);
  });

  it("is the channel's own in normal, and at least that in steady", () => {
    expect(new DelayControl("normal", 350).delayMs).toBe(350);
    expect(new DelayControl("steady", 350).delayMs).toBe(500);
    expect(new DelayControl("steady", 800).delayMs).toBe(800);
  });

  it("stays while frames come in time", () => {
    const random = new Random(1);
    const control = new DelayControl("normal", 200);
    expect(run(control, 3_600, () => random.between(20, 180))).toEqual([]);
  });

  it("goes up step by step where frames come too late, and no further than it must", () => {
    const control = new DelayControl("low", 200);
    const changes = run(control, 30, () => 350);
    expect(changes.map(({ delayMs }) => delayMs)).toEqual([200, 300, 500]);
    expect(changes.at(-1)?.at).toBeLessThan(10);
  });

  it("has the same steps for all, whatever their base", () => {
    const changes = run(new DelayControl("normal", 250), 60, () => 5_000);
    expect(changes.map(({ delayMs }) => delayMs)).toEqual(LADDER.filter((step) => step > 250));
  });

  it("does not change for a single hiccup, nor for what comes at a join", () => {
    const control = new DelayControl("normal", 200);
    const hiccup = (at: number) => (at > 60 && at < 60.3 ? 900 : 50);
    expect(run(control, 120, hiccup)).toEqual([]);
    control.settle(120e6);
    expect(run(control, 60, (at) => (at < 121.9 ? 900 : 50), 120)).toEqual([]);
  });

  it("changes for the second hiccup in a short time", () => {
    const control = new DelayControl("normal", 200);
    const hiccups = (at: number) => (Math.floor(at * 10) % 100 === 50 ? 900 : 50);
    const [first] = run(control, 60, hiccups);
    expect(first).toMatchObject({ delayMs: 300 });
    expect(first?.at).toBeCloseTo(15, 0);
  });

  it("returns to its base after long calm, a step at a time", () => {
    const control = new DelayControl("normal", 200);
    run(control, 20, () => 420);
    expect(control.delayMs).toBe(500);
    const changes = run(control, 600, () => 50, 20);
    expect(changes.map(({ delayMs }) => delayMs)).toEqual([300, 200]);
    expect(changes[0]?.at).toBeGreaterThan(120);
  });

  it("does not go down where the lower step would barely do", () => {
    const control = new DelayControl("normal", 200);
    run(control, 20, () => 250);
    expect(control.delayMs).toBe(300);
    expect(run(control, 1_200, () => 165, 20)).toEqual([]);
  });

  it.each([20, 60, 240, 300, 600, 1_800])(
    "settles through congestion that swells each %d s",
    (period) => {
      const random = new Random(period);
      const control = new DelayControl("normal", 200);
      const swell = (at: number): number =>
        60 + 150 * (1 + Math.sin((2 * Math.PI * at) / period)) + random.between(0, 30);
      const hours = 5;
      const changes = run(control, hours * 3_600, swell);
      const late = changes.filter(({ at }) => at > (hours - 1) * 3_600);
      console.log(`swell of ${period} s: ${changes.length} changes in ${hours} h`);
      expect(changes.length).toBeGreaterThan(0);
      expect(changes.length).toBeLessThan(20);
      expect(late).toEqual([]);
    },
  );

  it("is what a number says, whatever comes", () => {
    expect(run(new DelayControl(150, 200), 60, () => 900)).toEqual([]);
  });
});
