import { describe, expect, it } from "vitest";
import {
  add,
  describe as describeTrack,
  EMPTY_PLAYLIST,
  move,
  remove,
  type Playlist,
} from "../../src/studio/core/playlist.js";
import { Sequencer } from "../../src/studio/core/sequencer.js";

const listOf = (...ids: string[]): Playlist =>
  add(
    EMPTY_PLAYLIST,
    ids.map((id) => ({ id, fileName: `${id}.mp3` })),
  ).playlist;

/** A sequencer on decks that do as they are told; `log` has what they were told. */
function onDecks(playlist: Playlist) {
  const log: string[] = [];
  const sequencer = new Sequencer(playlist, {
    load: (play, { id }, at) => log.push(`load ${play}=${id}${at > 0 ? `@${at}` : ""}`),
    unload: (play) => log.push(`unload ${play}`),
    skip: () => log.push("skip"),
  });
  /** The mixer begins this one, then reports. */
  const plays = (play: number) => {
    const id = sequencer.onAir(play);
    sequencer.reported([{ track: play, available: 1000 }], false);
    return id;
  };
  return { sequencer, log, plays };
}

describe("the sequencer", () => {
  it("loads the next track once one plays, and so on to the end", () => {
    const { sequencer, log, plays } = onDecks(listOf("a", "b"));
    sequencer.begin(0);
    expect(log).toEqual(["load 1=a"]);
    expect(plays(1)).toBe("a");
    expect(log).toEqual(["load 1=a", "load 2=b"]);
    expect(plays(2)).toBe("b");
    expect(log).toEqual(["load 1=a", "load 2=b"]);
    sequencer.ranOut(2);
    expect(sequencer.current).toBeUndefined();
  });

  it("begins inside the track that a reload broke off", () => {
    const { sequencer, log } = onDecks({ ...listOf("a", "b"), current: "b" });
    sequencer.begin(42.5);
    expect(log).toEqual(["load 1=b@42.5"]);
  });

  it("follows a playlist that is changed while it plays", () => {
    const list = listOf("a", "b", "c");
    const { sequencer, log, plays } = onDecks(list);
    sequencer.begin(0);
    plays(1);
    sequencer.changed(move(list, "c", 1));
    expect(log.slice(2)).toEqual(["unload 2", "load 3=c"]);
    sequencer.changed(remove(move(list, "c", 1), "c"));
    expect(log.slice(4)).toEqual(["unload 3", "load 4=b"]);
  });

  it("loads what took the place of the track that plays, once that is removed", () => {
    const list = listOf("a", "b");
    const { sequencer, log, plays } = onDecks(list);
    sequencer.begin(0);
    plays(1);
    sequencer.changed(remove(list, "a"));
    expect(log).toEqual(["load 1=a", "load 2=b"]);
    expect(plays(2)).toBe("b");
  });

  it("leaves the next track alone while it is being faded in", () => {
    const list = listOf("a", "b", "c");
    const { sequencer, log, plays } = onDecks(list);
    sequencer.begin(0);
    plays(1);
    sequencer.reported([], true);
    sequencer.changed(move(list, "c", 1));
    expect(log.slice(2)).toEqual([]);
    sequencer.onAir(2);
    sequencer.reported([], false);
    // After b comes nothing now: c has been moved before it.
    expect(log.slice(2)).toEqual([]);
  });

  it("goes to a chosen track as soon as it has sound", () => {
    const { sequencer, log, plays } = onDecks(listOf("a", "b", "c"));
    sequencer.begin(0);
    plays(1);
    sequencer.playNow("c");
    expect(log.slice(2)).toEqual(["unload 2", "load 3=c"]);
    sequencer.reported([{ track: 3, available: 0 }], false);
    expect(log).not.toContain("skip");
    sequencer.reported([{ track: 3, available: 10 }], false);
    sequencer.reported([{ track: 3, available: 20 }], false);
    expect(log.filter((line) => line === "skip")).toHaveLength(1);
    expect(plays(3)).toBe("c");
  });

  it("passes over a track that cannot be loaded, at the front and later", () => {
    let list = listOf("a", "b", "c");
    const { sequencer, log, plays } = onDecks(list);
    sequencer.begin(0);
    list = describeTrack(list, "a", { fault: "broken" });
    sequencer.changed(list);
    sequencer.failed(1);
    expect(log).toEqual(["load 1=a", "load 2=b"]);
    plays(2);
    list = describeTrack(list, "c", { fault: "broken" });
    sequencer.changed(list);
    sequencer.failed(3);
    expect(log.slice(2)).toEqual(["load 3=c", "unload 3"]);
  });

  it("plays on with a track that was loaded too late to follow without a break", () => {
    const { sequencer, plays } = onDecks(listOf("a", "b"));
    sequencer.begin(0);
    plays(1);
    sequencer.ranOut(1);
    expect(plays(2)).toBe("b");
  });

  it("unloads everything at the end, and knows the old playings no more", () => {
    const { sequencer, log, plays } = onDecks(listOf("a", "b"));
    sequencer.begin(0);
    plays(1);
    sequencer.end();
    expect(log.slice(2)).toEqual(["unload 2", "unload 1"]);
    expect(plays(2)).toBeUndefined();
  });
});
