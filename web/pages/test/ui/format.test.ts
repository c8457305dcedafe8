import { describe, expect, it } from "vitest";
import {
  formatBytes,
  formatDuration,
  formatListeners,
  formatSentence,
  formatSpan,
} from "../../src/ui/format.js";

describe("figures for people", () => {
  it("write lengths of time as a clock does", () => {
    expect([0, 59_999, 60_000, 3_599_999, 3_600_000, -5].map(formatDuration)).toEqual([
      "0:00",
      "0:59",
      "1:00",
      "59:59",
      "1:00:00",
      "0:00",
    ]);
  });

  it("tell lengths of time by their largest unit", () => {
    expect([1_000, 59_400, 60_000, 7_200_000, 90_000_000].map(formatSpan)).toEqual([
      "1 second",
      "59 seconds",
      "1 minute",
      "2 hours",
      "1 day",
    ]);
  });

  it("count in singular and plural, with thousands apart", () => {
    expect([0, 1, 1_204].map(formatListeners)).toEqual([
      "0 listeners",
      "1 listener",
      "1,204 listeners",
    ]);
  });

  it("keep three digits of bytes", () => {
    expect([0, 999, 1_000, 12_345, 999_499, 999_500, 1_234_000_000].map(formatBytes)).toEqual([
      "0 B",
      "999 B",
      "1.00 kB",
      "12.3 kB",
      "999 kB",
      "1.00 MB",
      "1.23 GB",
    ]);
  });

  it("make sentences of a program's words", () => {
    expect(["relay is full", "Gone.", "", undefined].map((words) => formatSentence(words))).toEqual(
      ["Relay is full.", "Gone.", "", ""],
    );
  });
});
