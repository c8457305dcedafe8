import { describe, expect, it } from "vitest";
import { Aiming } from "../../src/core/aiming.js";
import { OutputClock } from "../../src/core/output-clock.js";

const RATE = 48_000;
const LOCAL = 1.7e15;
const RELAY = 1.8e15;

/** An output that has played 3 s at `LOCAL`. */
function output(): OutputClock {
  const clock = new OutputClock(RATE);
  clock.add(3, LOCAL);
  return clock;
}

describe("the aim", () => {
  it("is the frame whose time was the target delay ago, where the output is now", () => {
    const aiming = new Aiming({ relayTime: (local) => local - LOCAL + RELAY }, output());
    const aim = aiming.aim(LOCAL + 1e6, 200);
    expect(aim?.frame).toBe(4 * RATE);
    expect(aim?.time).toBeCloseTo(RELAY + 1e6 - 200_000, 0);
    expect(aim?.step).toBeCloseTo(1e6 / RATE, 6);
  });

  it("is a whole frame, and the time that belongs to it", () => {
    const relayTime = (local: number) => local;
    const now = LOCAL + 10;
    const aim = new Aiming({ relayTime }, output()).aim(now, 0);
    expect(aim?.frame).toBe(3 * RATE);
    expect(aim?.time).toBeCloseTo(LOCAL, 0);
  });

  it("moves by the difference of the clocks", () => {
    const relayTime = (local: number) => RELAY + (local - LOCAL) * 1.0001;
    const aim = new Aiming({ relayTime }, output()).aim(LOCAL, 0);
    expect((aim?.step ?? NaN) / (1e6 / RATE)).toBeCloseTo(1.0001, 6);
  });

  it("takes a clock that is being set for one that runs evenly", () => {
    const relayTime = (local: number) => RELAY + (local - LOCAL) * (local > LOCAL ? 3 : 1);
    const aim = new Aiming({ relayTime }, output()).aim(LOCAL, 0);
    expect(aim?.step).toBeCloseTo(1e6 / RATE, 6);
  });

  it("is not known before both clocks are", () => {
    const relayTime = (local: number) => local;
    expect(new Aiming({ relayTime: () => undefined }, output()).aim(LOCAL, 100)).toBeUndefined();
    expect(new Aiming({ relayTime }, new OutputClock(RATE)).aim(LOCAL, 100)).toBeUndefined();
  });

  it("tells how early a frame is with the renderer", () => {
    const aiming = new Aiming({ relayTime: (local) => local - LOCAL + RELAY }, output());
    expect(aiming.marginMs(RELAY - 70_000, LOCAL, 200, 30)).toBeCloseTo(100, 6);
    expect(aiming.marginMs(RELAY - 190_000, LOCAL, 200, 30)).toBeCloseTo(-20, 6);
    const blind = new Aiming({ relayTime: () => undefined }, output());
    expect(blind.marginMs(RELAY, LOCAL, 200, 30)).toBeUndefined();
  });
});
