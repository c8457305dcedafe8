import { describe, expect, it } from "vitest";
import { TitlesHeard } from "../src/titles-heard.js";

const FRAME = 26_122;

function withFrames(first: number, count: number): TitlesHeard {
  const titles = new TitlesHeard();
  for (let seq = first; seq < first + count; seq++) titles.addFrame(seq, seq * FRAME);
  return titles;
}

describe("TitlesHeard", () => {
  it("shows a title when its first frame is heard, not when it is told", () => {
    const titles = withFrames(100, 50);
    titles.add({ revision: 1, seq: 90, trackName: "So What" });
    titles.add({ revision: 2, seq: 120, trackName: "Blue in Green" });
    expect(titles.hear(110 * FRAME, 5_000)).toBe(true);
    expect(titles.current).toEqual({ trackName: "So What" });
    expect(titles.next).toBe(120 * FRAME);
    expect(titles.hear(120 * FRAME - 1, 6_000)).toBe(false);
    expect(titles.hear(120 * FRAME, 7_000)).toBe(true);
    expect(titles.current).toEqual({ trackName: "Blue in Green" });
  });

  it("knows no next change before the frame of a title has come", () => {
    const titles = withFrames(100, 10);
    titles.add({ revision: 1, seq: 200, trackName: "Later" });
    expect(titles.next).toBeUndefined();
    titles.addFrame(200, 200 * FRAME);
    expect(titles.next).toBe(200 * FRAME);
  });

  it("takes the frame after a lost one for a title that began with the lost one", () => {
    const titles = withFrames(100, 5);
    titles.addFrame(107, 107 * FRAME);
    titles.add({ revision: 1, seq: 106, trackName: "Lost" });
    expect(titles.next).toBe(107 * FRAME);
  });

  it("goes straight to the newest where several were passed", () => {
    const titles = withFrames(100, 50);
    titles.add({ revision: 1, seq: 101, trackName: "One" });
    titles.add({ revision: 2, seq: 102, trackName: "Two" });
    titles.hear(140 * FRAME, 9_000);
    expect(titles.current).toEqual({ trackName: "Two" });
    expect(titles.history.map(({ title }) => title.trackName)).toEqual(["Two"]);
  });

  it("keeps the newest 50 in its history, newest first, each once in a row", () => {
    const titles = withFrames(0, 500);
    for (let n = 0; n < 60; n++) {
      titles.add({ revision: 2 * n, seq: 5 * n, trackName: `Track ${n}` });
      titles.add({ revision: 2 * n + 1, seq: 5 * n + 1, trackName: `Track ${n}` });
      titles.hear((5 * n + 2) * FRAME, n);
    }
    expect(titles.history).toHaveLength(50);
    expect(titles.history[0]).toEqual({ title: { trackName: "Track 59" }, at: 59 });
    expect(titles.history[49]).toEqual({ title: { trackName: "Track 10" }, at: 10 });
  });

  it("shows an empty title, and leaves it out of the history", () => {
    const titles = withFrames(100, 50);
    titles.add({ revision: 1, seq: 100, trackName: "Jingle" });
    titles.hear(101 * FRAME, 1);
    titles.add({ revision: 2, seq: 110 });
    expect(titles.hear(111 * FRAME, 2)).toBe(true);
    expect(titles.current).toEqual({});
    expect(titles.history).toHaveLength(1);
  });
});
