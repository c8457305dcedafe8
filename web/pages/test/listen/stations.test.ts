import { describe, expect, it } from "vitest";
import {
  counted,
  MAX_SHOWN,
  shown,
  started,
  stopped,
  type Stations,
} from "../../src/listen/stations.js";

function stationsOf(...streams: readonly { channelId: string; startedAt: number }[]): Stations {
  return streams.reduce<Stations>(
    (stations, stream, index) =>
      started(stations, { ...stream, streamId: index + 1, listeners: 0 }),
    new Map(),
  );
}

const names = (stations: Stations, search?: string): readonly string[] =>
  shown(stations, search).stations.map(({ channelId }) => channelId);

describe("the stations on the air", () => {
  it("are listed by how long they are on, so that a new one comes last", () => {
    const stations = stationsOf(
      { channelId: "b", startedAt: 20 },
      { channelId: "z", startedAt: 10 },
      { channelId: "a", startedAt: 20 },
    );
    expect(names(stations)).toEqual(["z", "a", "b"]);
  });

  it("keep their place when their counts change", () => {
    const before = stationsOf({ channelId: "a", startedAt: 1 }, { channelId: "b", startedAt: 2 });
    const after = counted(before, "b", 900);
    expect(names(after)).toEqual(["a", "b"]);
    expect(after.get("b")?.listeners).toBe(900);
    expect(before.get("b")?.listeners).toBe(0);
  });

  it("are the same list after a count that is not news", () => {
    const stations = stationsOf({ channelId: "a", startedAt: 1 });
    expect(counted(stations, "a", 0)).toBe(stations);
    expect(counted(stations, "gone", 5)).toBe(stations);
  });

  it("stay when an older broadcast of theirs is told to have ended", () => {
    const first = stationsOf({ channelId: "a", startedAt: 1 });
    const second = started(first, { channelId: "a", streamId: 7, startedAt: 2, listeners: 3 });
    expect(stopped(second, "a", 1)).toBe(second);
    expect(names(stopped(second, "a", 7))).toEqual([]);
  });

  it("are found by name, show and host, whatever the case", () => {
    const stations = started(stationsOf({ channelId: "jazz", startedAt: 1 }), {
      channelId: "talk",
      streamId: 9,
      showTitle: "Night Shift",
      hostName: "Ada",
      startedAt: 2,
      listeners: 0,
    });
    expect(names(stations, " night ")).toEqual(["talk"]);
    expect(names(stations, "ADA")).toEqual(["talk"]);
    expect(names(stations, "jaz")).toEqual(["jazz"]);
    expect(names(stations, "none")).toEqual([]);
  });

  it("are drawn up to a bound, and the rest is told", () => {
    const many = stationsOf(
      ...Array.from({ length: MAX_SHOWN + 3 }, (_, index) => ({
        channelId: `s${index}`,
        startedAt: index,
      })),
    );
    expect(shown(many).stations).toHaveLength(MAX_SHOWN);
    expect(shown(many).more).toBe(3);
  });
});
