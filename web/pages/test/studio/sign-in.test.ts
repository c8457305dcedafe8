import { describe, expect, it } from "vitest";
import { channelFault, covers, readClaims } from "../../src/studio/core/claims.js";
import { endingOf } from "../../src/studio/core/endings.js";
import { uploadHealth, type UploadFigures } from "../../src/studio/core/health.js";
import {
  readSaved,
  RESUME_WITHIN_MS,
  resumption,
  writeSaved,
  type SavedStudio,
} from "../../src/studio/core/resume.js";
import { addPoint, type AudiencePoint } from "../../src/studio/state.js";

const encoded = (claims: unknown) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(claims))))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

describe("a token", () => {
  it("says whose it is and for which stations", () => {
    const claims = { sub: "Änne", role: "owner", channels: ["jazz", "night-*"], exp: 1_800_000_000 };
    expect(readClaims(`h.${encoded(claims)}.s`)).toEqual({
      subject: "Änne",
      role: "owner",
      channels: ["jazz", "night-*"],
      expires: 1_800_000_000,
    });
  });

  it("is known from what is none", () => {
    for (const text of ["", "abc", "a.b", "a.!!!.c", `a.${encoded([1])}`, `a.${encoded(null)}.c`]) {
      expect(readClaims(text)).toBeUndefined();
    }
  });

  it("covers stations by name and by the front of their names", () => {
    expect(covers(["jazz", "night-*"], "jazz")).toBe(true);
    expect(covers(["jazz", "night-*"], "jazz2")).toBe(false);
    expect(covers(["jazz", "night-*"], "night-owl")).toBe(true);
    expect(covers(["*"], "anything")).toBe(true);
    expect(covers([], "anything")).toBe(false);
  });
});

describe("a station's name", () => {
  it("is judged as the relay does", () => {
    for (const name of ["jazz", "A1", "9.to_5-x", "x".repeat(64)]) {
      expect(channelFault(name)).toBeUndefined();
    }
    for (const name of ["", "-jazz", "my jazz", "jäzz", "x".repeat(65)]) {
      expect(channelFault(name)).toBeTypeOf("string");
    }
  });
});

describe("a saved broadcast", () => {
  const saved: SavedStudio = {
    key: "k",
    subject: "anna",
    playlist: { tracks: [{ id: "a", fileName: "a.mp3" }], current: "a", repeat: true },
    crossfade: 3,
    kbps: 192,
    station: "jazz",
    show: { showTitle: "Nachtmusik" },
    live: { startedAt: 1_000, savedAt: 50_000, track: "a", position: 12.5, isPaused: false },
  };

  it("is read as it was written", () => {
    expect(readSaved(writeSaved(saved))).toEqual(saved);
    expect(readSaved(null)).toBeUndefined();
    expect(readSaved("{")).toBeUndefined();
    expect(readSaved('{"version":0,"studio":{}}')).toBeUndefined();
  });

  it("goes on by itself only after a reload, and soon", () => {
    expect(resumption(saved, 51_000, true)).toBe("at-once");
    expect(resumption(saved, 51_000, false)).toBe("ask");
    expect(resumption(saved, 50_000 + RESUME_WITHIN_MS, true)).toBe("ask");
    const { live, ...off } = saved;
    expect(resumption(off, 51_000, true)).toBe("none");
  });
});

describe("the health of the upload", () => {
  const good: UploadFigures = {
    isConnected: true,
    kbps: 128,
    roundTripMs: 20,
    queuedBytes: 0,
    droppedBytes: 0,
    encodeMs: 1,
    frameMs: 24,
    lostFrames: 0,
  };

  it("tells the worst thing first", () => {
    expect(uploadHealth(good).grade).toBe("good");
    expect(uploadHealth({ ...good, roundTripMs: 900 }).grade).toBe("fair");
    expect(uploadHealth({ ...good, encodeMs: 20 }).grade).toBe("fair");
    expect(uploadHealth({ ...good, queuedBytes: 16_000 }).words).toMatch(/behind/);
    expect(uploadHealth({ ...good, queuedBytes: 16_000, droppedBytes: 1 }).words).toMatch(/too slow/);
    expect(uploadHealth({ ...good, lostFrames: 512, droppedBytes: 1 }).words).toMatch(/too busy/);
    expect(uploadHealth({ ...good, isConnected: false, lostFrames: 512 }).words).toMatch(/connection/i);
  });
});

describe("the end of a broadcast", () => {
  it("is told with what to do, whatever the code", () => {
    const codes = ["taken-over", "ended-by-admin", "token-expired", "channel-busy", "brand-new"];
    for (const code of codes) {
      const { headline, advice } = endingOf(code, "because");
      expect(headline).toMatch(/\.$/);
      expect(advice.length).toBeGreaterThan(5);
    }
    expect(endingOf("ended-by-admin", "too loud").advice).toContain("too loud");
    expect(endingOf("token-expired", "").canRetry).toBe(false);
  });
});

describe("the chart of listeners", () => {
  it("covers a long broadcast in bounded memory, with its first and its newest point", () => {
    let points: readonly AudiencePoint[] = [];
    for (let at = 0; at < 50_000; at += 1) points = addPoint(points, { at, count: at });
    expect(points.length).toBeLessThanOrEqual(720);
    expect(points.length).toBeGreaterThan(300);
    expect(points[0]?.at).toBe(0);
    expect(points.at(-1)?.at).toBe(49_999);
  });
});
