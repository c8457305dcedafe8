import { describe, expect, it } from "vitest";
import { readRoute, sessionsHref, streamHref } from "../../src/admin/route.js";
import { TokenStore } from "../../src/admin/token.js";

describe("the address", () => {
  it("leads to a stream, to all sessions, or to neither", () => {
    expect(readRoute(streamHref("jazz.fm_1-a"))).toEqual({
      view: "stream",
      channelId: "jazz.fm_1-a",
    });
    expect(readRoute(sessionsHref)).toEqual({ view: "sessions" });
    expect(readRoute("")).toEqual({ view: "relay" });
  });

  it("leads nowhere where it cannot be read", () => {
    for (const hash of ["#stream=", "#stream=%E0%A4%A", "#other"]) {
      expect(readRoute(hash)).toEqual({ view: "relay" });
    }
  });
});

describe("the token", () => {
  it("is kept and forgotten", () => {
    const held = new Map<string, string>();
    const tokens = new TokenStore({
      getItem: (key) => held.get(key) ?? null,
      setItem: (key, value) => {
        held.set(key, value);
      },
      removeItem: (key) => {
        held.delete(key);
      },
    });
    expect(tokens.token).toBeUndefined();
    tokens.token = "a.b.c";
    expect(tokens.token).toBe("a.b.c");
    tokens.token = undefined;
    expect(held.size).toBe(0);
  });

  it("is not kept where the browser keeps nothing", () => {
    const tokens = new TokenStore(undefined);
    tokens.token = "a.b.c";
    expect(tokens.token).toBeUndefined();
  });
});
