import { describe, expect, it } from "vitest";
import { healthOf } from "../../src/admin/core/health.js";
import { Streams } from "../../src/admin/core/streams.js";
import { status } from "./rig.js";

const calm = { lagMs: 0, skippedFrames: 0 };

describe("health", () => {
  it("is good where frames come steadily", () => {
    expect(healthOf(status("jazz"), calm)).toEqual({
      level: "good",
      label: "Good",
      why: "Frames come steadily.",
    });
  });

  it("is bad while the publisher is lost, whatever else is so, and says for how long", () => {
    const health = healthOf(status("jazz", { state: "waiting", lagMs: 4_321 }), calm);
    expect(health).toMatchObject({ level: "bad", label: "Publisher lost" });
    expect(health.why).toContain("4.3 s ago");
  });

  it("is bad where the publisher is there and sends nothing", () => {
    expect(healthOf(status("jazz", { lagMs: 2_999 }), calm).level).toBe("fair");
    const health = healthOf(status("jazz", { lagMs: 3_000 }), calm);
    expect(health).toMatchObject({ level: "bad", label: "Silent" });
    expect(health.why).toContain("3.0 s");
    expect(healthOf(status("jazz", { lagMs: 61_234 }), calm).why).toContain("61 s");
  });

  it("is fair where frames came late in the last seconds, though not now", () => {
    const health = healthOf(status("jazz"), { ...calm, lagMs: 700 });
    expect(health).toMatchObject({ level: "fair", label: "Late" });
    expect(health.why).toContain("0.7 s");
    expect(healthOf(status("jazz"), { ...calm, lagMs: 499 }).level).toBe("good");
  });

  it("is fair where more than one frame in a hundred is skipped", () => {
    // Ten listeners are handed some 22,800 frames a minute.
    const some = healthOf(status("jazz"), { ...calm, skippedFrames: 228 });
    expect(some.level).toBe("good");
    expect(some.why).toContain("228 frames skipped");
    const many = healthOf(status("jazz"), { ...calm, skippedFrames: 229 });
    expect(many).toMatchObject({ level: "fair", label: "Slow listeners" });
    expect(many.why).toBe("229 frames skipped for slow listeners in the last minute.");
  });
});

describe("streams followed from one telling to the next", () => {
  const BEGIN = 1_800_000_000_000;

  it("hold the worst lag for five tellings", () => {
    const streams = new Streams();
    const level = (lagMs: number, second: number) =>
      streams.update([status("jazz", { lagMs })], BEGIN + second * 1_000)[0]?.health.level;
    expect(level(900, 0)).toBe("fair");
    expect([1, 2, 3, 4, 5].map((second) => level(5, second))).toEqual([
      "fair",
      "fair",
      "fair",
      "fair",
      "good",
    ]);
  });

  it("do not call late what was lost and is back", () => {
    const streams = new Streams();
    streams.update([status("jazz", { state: "waiting", lagMs: 8_000 })], BEGIN);
    const [row] = streams.update([status("jazz")], BEGIN + 1_000);
    expect(row?.health.level).toBe("good");
  });

  it("count skipped frames of the last minute, not those before the page was opened", () => {
    const streams = new Streams();
    const why = (skippedFrames: number, second: number) =>
      streams.update([status("jazz", { skippedFrames })], BEGIN + second * 1_000)[0]?.health.why;
    expect(why(50_000, 0)).toBe("Frames come steadily.");
    expect(why(50_300, 5)).toContain("300 frames");
    for (let second = 10; second <= 60; second += 5) why(50_300, second);
    expect(why(50_300, 65)).toBe("Frames come steadily.");
  });

  it("keep listeners of ten minutes, each of its own broadcast", () => {
    const streams = new Streams();
    for (let second = 0; second < 1_200; second += 1) {
      streams.update([status("jazz", { listeners: second })], BEGIN + second * 1_000);
    }
    const [row] = streams.update([status("jazz", { listeners: 3 })], BEGIN + 1_200_000);
    expect(row?.listeners.values).toHaveLength(120);
    expect(row?.listeners.oldest).toBe(609);
    const [anew] = streams.update([status("jazz", { streamId: 2, listeners: 4 })], BEGIN + 1_201_000);
    expect(anew?.listeners.oldest).toBe(4);
  });

  it("forget a stream that is gone", () => {
    const streams = new Streams();
    streams.update([status("jazz", { listeners: 90 })], BEGIN);
    expect(streams.update([], BEGIN + 1_000)).toEqual([]);
    const [row] = streams.update([status("jazz", { listeners: 1 })], BEGIN + 2_000);
    expect(row?.listeners.highest).toBe(1);
  });

  it("follow a bounded number of them, and show the others as they are", () => {
    const streams = new Streams();
    const many = (listeners: number) =>
      Array.from({ length: 8_193 }, (_, n) => status(`c${n}`, { streamId: n, listeners }));
    streams.update(many(9), BEGIN);
    const rows = streams.update(many(1), BEGIN + 5_000);
    expect(rows).toHaveLength(8_193);
    expect(rows[8_191]?.listeners.highest).toBe(9);
    expect(rows[8_192]?.listeners.highest).toBe(1);
  });
});
