import { describe, expect, it } from "vitest";
import {
  add,
  after,
  describe as describeTrack,
  EMPTY_PLAYLIST,
  first,
  move,
  PLAYLIST_LIMIT,
  remove,
  titleOf,
  type Playlist,
} from "../../src/studio/core/playlist.js";

const track = (id: string) => ({ id, fileName: `${id}.mp3` });
const listOf = (...ids: string[]) => add(EMPTY_PLAYLIST, ids.map(track)).playlist;
const order = (playlist: Playlist) => playlist.tracks.map(({ id }) => id).join("");

describe("a playlist", () => {
  it("begins with the first track that is added", () => {
    expect(listOf("a", "b").current).toBe("a");
    expect(add(listOf("a"), [track("b")]).playlist.current).toBe("a");
  });

  it("takes no more than its limit, and says what it refused", () => {
    const many = Array.from({ length: PLAYLIST_LIMIT + 2 }, (_, index) => track(`t${index}`));
    const { playlist, refused } = add(EMPTY_PLAYLIST, many);
    expect(playlist.tracks).toHaveLength(PLAYLIST_LIMIT);
    expect(refused.map(({ id }) => id)).toEqual([`t${PLAYLIST_LIMIT}`, `t${PLAYLIST_LIMIT + 1}`]);
  });

  it("moves a track to any place, and past the ends to the end", () => {
    const list = listOf("a", "b", "c", "d");
    expect(order(move(list, "a", 2))).toBe("bcad");
    expect(order(move(list, "d", 0))).toBe("dabc");
    expect(order(move(list, "b", 99))).toBe("acdb");
    expect(order(move(list, "b", -5))).toBe("bacd");
    expect(move(list, "x", 0)).toBe(list);
  });

  it("goes on with what took the place of a removed current track", () => {
    const list = { ...listOf("a", "b", "c"), current: "b" };
    expect(remove(list, "b").current).toBe("c");
    expect(remove({ ...list, current: "c" }, "c").current).toBe("a");
    expect(remove(list, "a").current).toBe("b");
    expect(remove(listOf("a"), "a").current).toBeUndefined();
  });

  it("plays one after the other, and from the front again only if asked", () => {
    const list = listOf("a", "b");
    expect(after(list, "a")?.id).toBe("b");
    expect(after(list, "b")).toBeUndefined();
    expect(after({ ...list, repeat: true }, "b")?.id).toBe("a");
    expect(after({ ...listOf("a"), repeat: true }, "a")?.id).toBe("a");
  });

  it("passes over tracks that cannot be played", () => {
    const list = describeTrack(listOf("a", "b", "c"), "b", { fault: "broken" });
    expect(after(list, "a")?.id).toBe("c");
    expect(first({ ...list, current: "b" })?.id).toBe("c");
  });
});

describe("the title of a track", () => {
  it("is what its tags say", () => {
    const tagged = { ...track("a"), title: "So What", artist: "Miles Davis", album: "Kind of Blue" };
    expect(titleOf(tagged)).toEqual({
      trackName: "So What",
      artistName: "Miles Davis",
      albumName: "Kind of Blue",
    });
  });

  it("is its file's name where it has none", () => {
    expect(titleOf({ id: "a", fileName: "01_So_What.final.mp3" })).toEqual({
      trackName: "01 So What.final",
    });
    expect(titleOf({ id: "a", fileName: ".mp3" })).toEqual({ trackName: ".mp3" });
  });
});
