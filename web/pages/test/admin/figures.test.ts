import { describe, expect, it } from "vitest";
import { History, SLOT_MS } from "../../src/admin/core/history.js";
import { sparkline } from "../../src/admin/core/sparkline.js";
import { Throughput } from "../../src/admin/core/throughput.js";

describe("the rate of audio that goes out", () => {
  const at = (second: number, bytesOut: number, startedAt = 0) => ({
    startedAt,
    now: 1_000_000 + second * 1_000,
    bytesOut,
  });

  it("is not known from one figure", () => {
    const out = new Throughput();
    expect(out.mbits).toBeUndefined();
    out.add(at(0, 5_000_000));
    expect(out.mbits).toBeUndefined();
  });

  it("is the difference over the time between, in Mbit/s", () => {
    const out = new Throughput();
    out.add(at(0, 1_000));
    out.add(at(1, 126_000));
    expect(out.mbits).toBeCloseTo(1, 9);
  });

  it("follows a change within five seconds", () => {
    const out = new Throughput();
    for (let second = 0; second < 60; second += 1) out.add(at(second, second * 125_000));
    for (let second = 0; second <= 5; second += 1) out.add(at(60 + second, 60 * 125_000));
    expect(out.mbits).toBe(0);
  });

  it("begins anew with a relay that was restarted, whose count is lower", () => {
    const out = new Throughput();
    out.add(at(0, 9_000_000));
    out.add(at(1, 10_000, 5));
    expect(out.mbits).toBeUndefined();
    out.add(at(2, 135_000, 5));
    expect(out.mbits).toBeCloseTo(1, 9);
  });

  it("begins anew where the relay's clock was set back", () => {
    const out = new Throughput();
    out.add(at(10, 1_000));
    out.add(at(3, 2_000));
    expect(out.mbits).toBeUndefined();
  });
});

describe("a history", () => {
  it("keeps the last value of each slot, oldest first", () => {
    const history = new History(3);
    history.add(0, 1);
    history.add(SLOT_MS - 1, 2);
    history.add(SLOT_MS, 3);
    expect(history.values).toEqual([undefined, 2, 3]);
  });

  it("forgets what is older than it reaches", () => {
    const history = new History(3);
    for (let slot = 0; slot < 1_000; slot += 1) history.add(slot * SLOT_MS, slot);
    expect(history.values).toEqual([997, 998, 999]);
    expect(history.oldest).toBe(997);
    expect(history.highest).toBe(999);
  });

  it("leaves a gap where nothing was noted", () => {
    const history = new History(5);
    history.add(0, 7);
    history.add(3 * SLOT_MS, 9);
    expect(history.values).toEqual([undefined, 7, undefined, undefined, 9]);
  });

  it("has nothing but the newest after a gap longer than itself", () => {
    const history = new History(3);
    for (let slot = 0; slot < 3; slot += 1) history.add(slot * SLOT_MS, slot);
    history.add(1_000_000 * SLOT_MS, 5);
    expect(history.values).toEqual([undefined, undefined, 5]);
  });

  it("leaves out what comes late, and begins anew where the clock was set back far", () => {
    const history = new History(3);
    history.add(10 * SLOT_MS, 1);
    history.add(9 * SLOT_MS, 50);
    expect(history.values).toEqual([undefined, undefined, 1]);
    history.add(0, 2);
    expect(history.values).toEqual([undefined, undefined, 2]);
  });

  it("knows nothing of an empty one", () => {
    const history = new History(2);
    expect(history.values).toEqual([undefined, undefined]);
    expect(history.oldest).toBeUndefined();
    expect(history.highest).toBeUndefined();
  });
});

describe("a sparkline", () => {
  const box = { width: 20, height: 10 };

  it("goes from the left to the right, and from the bottom to the top", () => {
    expect(sparkline([0, 5, 10], 10, box)).toBe("M0 10h0.5M0 10L10 5L20 0");
  });

  it("is broken where values are missing, and shows a lone one", () => {
    expect(sparkline([4, undefined, 4], 4, box)).toBe("M0 0h0.5M0 0M20 0h-0.5M20 0");
  });

  it("is empty where nothing is known, and finite where the top is nothing", () => {
    expect(sparkline([undefined, undefined], 0, box)).toBe("");
    expect(sparkline([0], 0, box)).toBe("M0 10h0.5M0 10");
  });
});
