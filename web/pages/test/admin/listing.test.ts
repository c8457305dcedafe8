import { describe, expect, it } from "vitest";
import {
  filtered,
  firstSort,
  held,
  nextSort,
  showOf,
  sorted,
  titleOf,
} from "../../src/admin/core/listing.js";
import { rowWindow } from "../../src/admin/core/row-window.js";
import type { Row } from "../../src/admin/core/streams.js";
import { row } from "./rig.js";

const names = (rows: readonly Row[]): readonly string[] => rows.map(({ status }) => status.channelId);

describe("sorting", () => {
  const rows = [
    row("jazz", { listeners: 5, kbps: 128, startedAt: 3, subject: "Ben", trackName: "So What" }),
    row("news", { listeners: 50, kbps: 64, startedAt: 1, subject: "ana", lagMs: 9_000 }),
    row("Arias", { listeners: 5, kbps: 320, startedAt: 2, subject: "cy", lagMs: 800 }),
  ];

  it("puts first what is looked for: most listeners, worst health, names from A", () => {
    expect(names(sorted(rows, firstSort("listeners")))).toEqual(["news", "Arias", "jazz"]);
    expect(names(sorted(rows, firstSort("health")))).toEqual(["news", "Arias", "jazz"]);
    expect(names(sorted(rows, firstSort("station")))).toEqual(["Arias", "jazz", "news"]);
    expect(names(sorted(rows, firstSort("kbps")))).toEqual(["Arias", "jazz", "news"]);
    expect(names(sorted(rows, firstSort("owner")))).toEqual(["news", "jazz", "Arias"]);
  });

  it("puts first what has been on the air for the longest", () => {
    expect(names(sorted(rows, firstSort("since")))).toEqual(["news", "Arias", "jazz"]);
  });

  it("reads numbers in names as numbers", () => {
    const numbered = [row("fm10"), row("fm9"), row("fm1")];
    expect(names(sorted(numbered, firstSort("station")))).toEqual(["fm1", "fm9", "fm10"]);
  });

  it("turns round when the same column is chosen again, and begins anew with another", () => {
    const first = firstSort("listeners");
    expect(nextSort(first, "listeners")).toEqual({ key: "listeners", isDescending: false });
    expect(nextSort(first, "station")).toEqual({ key: "station", isDescending: false });
    expect(nextSort(nextSort(first, "station"), "station").isDescending).toBe(true);
  });

  it("leaves the rows that it is given as they are", () => {
    const before = names(rows);
    sorted(rows, firstSort("station"));
    expect(names(rows)).toEqual(before);
  });
});

describe("an order that is held", () => {
  it("moves nothing, leaves out what is gone and puts what is new last", () => {
    const [a, b, c, d] = [row("a"), row("b"), row("c"), row("d")];
    const order = [c, a, b].map(({ status }) => status.streamId);
    expect(names(held([a, b, c, d], order))).toEqual(["c", "a", "b", "d"]);
    expect(names(held([d, b, c], order))).toEqual(["c", "b", "d"]);
  });
});

describe("the filter", () => {
  const rows = [
    row("jazz", { subject: "ana", showTitle: "Nachtmusik", hostName: "Béla" }),
    row("news", { subject: "ben", artistName: "Miles Davis", trackName: "So What" }),
    row("talk", { subject: "cy", state: "waiting" }),
  ];
  const find = (text: string, isTroubled = false) => names(filtered(rows, { text, isTroubled }));

  it("lets everything pass that has all the words, in name, owner, show, host or title", () => {
    expect(find("")).toEqual(["jazz", "news", "talk"]);
    expect(find("  ")).toEqual(["jazz", "news", "talk"]);
    expect(find("NACHT")).toEqual(["jazz"]);
    expect(find("what miles")).toEqual(["news"]);
    expect(find("miles jazz")).toEqual([]);
    expect(find("ben")).toEqual(["news"]);
  });

  it("does not mind accents", () => {
    expect(find("bela")).toEqual(["jazz"]);
    expect(find("BÉLA")).toEqual(["jazz"]);
  });

  it("lets pass only what is in trouble where that is asked", () => {
    expect(find("", true)).toEqual(["talk"]);
    expect(find("jazz", true)).toEqual([]);
  });
});

describe("what a row is called", () => {
  it("is made of what there is", () => {
    expect(titleOf(row("a", { artistName: "Miles", trackName: "So What" }))).toBe("Miles – So What");
    expect(titleOf(row("a", { trackName: "So What" }))).toBe("So What");
    expect(titleOf(row("a"))).toBe("");
    expect(showOf(row("a", { showTitle: "Night", hostName: "Ada" }))).toBe("Night · Ada");
  });
});

describe("the rows that are rendered", () => {
  it("are those in sight and some around them", () => {
    expect(rowWindow(1_000, 0, 640, 64)).toEqual({ first: 0, end: 16 });
    expect(rowWindow(1_000, 6_400, 640, 64)).toEqual({ first: 94, end: 116 });
    expect(rowWindow(1_000, 1_000 * 64 - 640, 640, 64)).toEqual({ first: 984, end: 1_000 });
  });

  it("are as many for a million as for a thousand", () => {
    const { first, end } = rowWindow(1_000_000, 3_200_000, 640, 64);
    expect(end - first).toBe(22);
  });

  it("are within the list where it has become shorter than what was scrolled", () => {
    expect(rowWindow(3, 9_000, 640, 64)).toEqual({ first: 3, end: 3 });
    expect(rowWindow(0, 0, 640, 64)).toEqual({ first: 0, end: 0 });
    expect(rowWindow(10, -2_000, 640, 64)).toEqual({ first: 0, end: 0 });
  });
});
