import type { PlayerState } from "@skywave/player";
import { describe, expect, it } from "vitest";
import {
  documentTitle,
  heardBefore,
  heardNow,
  heardSince,
  since,
  standing,
} from "../../src/listen/words.js";

const SONG = { trackName: "So What", artistName: "Miles Davis" };
const EARLIER = { trackName: "Naima", artistName: "John Coltrane" };

function stateOf(status: PlayerState["status"], more: Partial<PlayerState> = {}): PlayerState {
  return { channelId: "jazz", status, history: [], quality: "unknown", qualityWords: "", ...more };
}

describe("how things stand", () => {
  it("says of a station at rest whether somebody broadcasts", () => {
    expect(standing(undefined, undefined, "on", 0)).toMatchObject({ label: "On the air" });
    expect(standing(undefined, undefined, "off", 0)).toMatchObject({
      mood: "off",
      label: "Off the air",
    });
    expect(standing(stateOf("idle"), undefined, "unknown", 0).label).toBe("Asking the relay");
    expect(standing(undefined, undefined, "unreachable", 0).mood).toBe("lost");
  });

  it("says why the relay let the page not in", () => {
    const reason = { code: "token-expired", message: "" } as const;
    const { mood, detail } = standing(undefined, undefined, "refused", 0, reason);
    expect(mood).toBe("failed");
    expect(detail).toContain("expired");
  });

  it("tells for how long the connection has been lost, and that it comes back", () => {
    const lost = since(since(undefined, "playing", 1_000), "reconnecting", 5_000);
    const state = stateOf("reconnecting", { reason: "the relay restarts" });
    const { mood, detail } = standing(state, lost, "on", 17_400);
    expect(mood).toBe("lost");
    expect(detail).toMatch(/^The relay restarts\. Out for 12 seconds so far\./);
  });

  it("counts from when the status began, not from its last change of words", () => {
    const first = since(undefined, "reconnecting", 5_000);
    expect(since(first, "reconnecting", 9_000)).toBe(first);
  });

  it("claims the time at which a broadcast went away only where sound was heard", () => {
    const heard = since(since(undefined, "playing", 0), "offline", 60_000);
    const waited = since(since(undefined, "connecting", 0), "offline", 60_000);
    expect(standing(stateOf("offline"), heard, "off", 61_000).detail).toMatch(/went away at \d/);
    expect(standing(stateOf("offline"), waited, "off", 61_000).detail).toContain("just now");
  });

  it("gives the player's own words on the connection while it plays", () => {
    const state = stateOf("playing", { qualityWords: "In step with everyone" });
    expect(standing(state, undefined, "on", 0)).toEqual({
      mood: "playing",
      label: "On the air",
      detail: "In step with everyone",
    });
  });

  it("says what holds the sound back", () => {
    const state = stateOf("buffering", { reason: "the browser holds the sound back" });
    expect(standing(state, undefined, "on", 0).detail).toBe("The browser holds the sound back.");
  });
});

describe("the titles", () => {
  const history = [
    { title: SONG, at: 30 },
    { title: {}, at: 20 },
    { title: EARLIER, at: 10 },
  ];

  it("are those heard before the current one, without the empty ones", () => {
    const state = stateOf("playing", { title: SONG, history });
    expect(heardBefore(state)).toEqual([{ title: EARLIER, at: 10 }]);
    expect(heardSince(state)).toBe(30);
  });

  it("are all in the past while nothing sounds", () => {
    const state = stateOf("offline", { title: SONG, history });
    expect(heardNow(state)).toBeUndefined();
    expect(heardBefore(state).map(({ at }) => at)).toEqual([30, 10]);
  });

  it("keep the last one in the past when the current title is empty", () => {
    const state = stateOf("playing", { title: {}, history: [{ title: SONG, at: 30 }] });
    expect(heardBefore(state)).toEqual([{ title: SONG, at: 30 }]);
  });
});

describe("the document's title", () => {
  it("follows the song while it sounds", () => {
    const state = stateOf("playing", { title: SONG });
    expect(documentTitle("jazz", state)).toBe("Miles Davis – So What · jazz · Skywave");
    expect(documentTitle("jazz", { ...state, status: "reconnecting" })).toBe("jazz · Skywave");
  });

  it("does not show the song of another station than the one that is looked at", () => {
    expect(documentTitle("talk", stateOf("playing", { title: SONG }))).toBe("talk · Skywave");
    expect(documentTitle(undefined, undefined)).toContain("Skywave");
  });
});
