import type { RelayIncident } from "@skywave/client";
import { describe, expect, it } from "vitest";
import { EventLog, MAX_EVENTS, type KindFilter } from "../../src/admin/core/event-log.js";
import {
  deliveryWords,
  formatMbits,
  formatUptime,
  kindTone,
  kindWords,
  messageText,
} from "../../src/admin/core/words.js";

const incident = (message: string, kind = "stream-started"): RelayIncident => ({
  at: 0,
  kind,
  message,
});

describe("the log of events", () => {
  const messages = (log: EventLog, filter: KindFilter = "all") =>
    log.shown(filter).map((entry) => entry.incident.message);

  it("has the newest first", () => {
    const log = new EventLog();
    log.add(incident("one"));
    log.add(incident("two"));
    expect(messages(log)).toEqual(["two", "one"]);
  });

  it("keeps the newest 500", () => {
    const log = new EventLog();
    for (let n = 1; n <= 1_203; n += 1) log.add(incident(String(n)));
    expect(messages(log)).toHaveLength(MAX_EVENTS);
    expect(messages(log)[0]).toBe("1203");
    expect(messages(log).at(-1)).toBe("704");
    expect(log.count).toBe(1_203);
  });

  it("stands still while it is paused, counts what comes, and shows it after that", () => {
    const log = new EventLog();
    log.add(incident("before"));
    log.pause(true);
    for (let n = 0; n < 600; n += 1) log.add(incident("meanwhile"));
    log.pause(true);
    expect(messages(log)).toEqual(["before"]);
    expect(log.waiting).toBe(600);
    log.pause(false);
    expect(log.isPaused).toBe(false);
    expect(log.waiting).toBe(0);
    expect(messages(log)).toHaveLength(MAX_EVENTS);
  });

  it("counts what comes where it was paused before anything had happened", () => {
    const log = new EventLog();
    log.pause(true);
    log.add(incident("one"));
    expect(log.waiting).toBe(1);
    expect(messages(log)).toEqual([]);
  });

  it("shows one kind alone, or all but the coming and going of sessions", () => {
    const log = new EventLog();
    log.add(incident("began", "session-began"));
    log.add(incident("ended", "session-ended"));
    log.add(incident("no", "refused"));
    log.add(incident("new", "of-a-newer-relay"));
    expect(messages(log, "refused")).toEqual(["no"]);
    expect(messages(log, "no-sessions")).toEqual(["new", "no"]);
    expect(messages(log)).toHaveLength(4);
  });
});

describe("words", () => {
  it("names kinds of events, those of a newer relay too", () => {
    expect(kindWords("publisher-lost")).toBe("Publisher lost");
    expect(kindTone("publisher-lost")).toBe("bad");
    expect(kindWords("moon-fell-down")).toBe("moon fell down");
    expect(kindTone("moon-fell-down")).toBe("plain");
  });

  it("tells for how long something is up", () => {
    expect(formatUptime(65_000)).toBe("1:05");
    expect(formatUptime(86_399_000)).toBe("23:59:59");
    expect(formatUptime(90_000_000)).toBe("1 d 1 h");
    expect(formatUptime(-5)).toBe("0:00");
  });

  it("gives rates three digits", () => {
    expect([0, 0.256, 9.996, 12.34, 99.96, 1_240.4].map(formatMbits)).toEqual([
      "0.00",
      "0.26",
      "10.0",
      "12.3",
      "100",
      "1240",
    ]);
  });

  it("tells how a session listens", () => {
    const session = {
      session: 1,
      subject: "ana",
      role: "listener",
      address: "::1",
      since: 0,
      publishing: false,
      listening: true,
    };
    expect(deliveryWords({ ...session, delivery: "stream", latencyMs: 0 })).toBe("stream, 0 ms");
    expect(deliveryWords(session)).toBe("several stations");
    expect(deliveryWords({ ...session, listening: false })).toBe("");
  });

  it("makes a message of what was typed that the relay takes", () => {
    expect(messageText("  Off\tyou go\n ")).toBe("Off you go");
    expect(messageText(" \n ")).toBeUndefined();
  });
});
