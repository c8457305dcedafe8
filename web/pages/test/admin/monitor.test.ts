import {
  SkywaveError,
  type ClientEvents,
  type ClientOptions,
  type SessionPage,
  type Welcome,
} from "@skywave/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Monitor, type MonitorState } from "../../src/admin/monitor.js";
import { status } from "./rig.js";

const welcome = (role: string): Welcome => ({
  version: "skywave/1",
  server: "skywave/0.1.0",
  session: 7,
  subject: "ada",
  role,
});

const relayStatus = {
  server: "skywave/0.1.0",
  startedAt: 0,
  now: 60_000,
  sessions: 3,
  listeners: 2,
  streams: 1,
  bytesOut: 0,
};

/** A client whose relay says what a test tells it to. */
class ScriptedClient {
  refusal: SkywaveError | undefined;
  watchRefusal: SkywaveError | undefined;
  role = "admin";
  isOpen = false;
  isWatching = false;
  readonly done: unknown[] = [];
  readonly #listeners = new Map<string, (event: never) => void>();

  constructor(readonly options: ClientOptions) {}

  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (event: ClientEvents[Name]) => void,
  ): () => void {
    this.#listeners.set(name, listener);
    return () => undefined;
  }

  tell<Name extends keyof ClientEvents>(name: Name, event: ClientEvents[Name]): void {
    (this.#listeners.get(name) as ((event: ClientEvents[Name]) => void) | undefined)?.(event);
  }

  connect(): Promise<Welcome> {
    if (this.refusal) {
      this.tell("connectionStatus", { state: "closed", reason: this.refusal });
      return Promise.reject(this.refusal);
    }
    this.isOpen = true;
    this.tell("connectionStatus", { state: "connected", welcome: welcome(this.role) });
    return Promise.resolve(welcome(this.role));
  }

  watchRelay(): Promise<void> {
    if (this.watchRefusal) return Promise.reject(this.watchRefusal);
    this.isWatching = true;
    return Promise.resolve();
  }

  listSessions(options: unknown): Promise<SessionPage> {
    this.done.push(options);
    return Promise.resolve({ sessions: [], more: false });
  }

  endSession(options: unknown): Promise<void> {
    this.done.push(options);
    return Promise.resolve();
  }

  endStream(options: unknown): Promise<void> {
    this.done.push(options);
    return Promise.resolve();
  }

  disconnect(): void {
    this.isOpen = false;
    this.tell("connectionStatus", {
      state: "closed",
      reason: new SkywaveError("disconnected", "the application ended it"),
    });
  }
}

describe("the monitor", () => {
  const clients: ScriptedClient[] = [];
  let prepare: (client: ScriptedClient) => void;
  let discovered: "open" | "tokens";
  let told: MonitorState[];
  let monitor: Monitor;

  beforeEach(() => {
    vi.useFakeTimers();
    clients.length = 0;
    told = [];
    prepare = () => undefined;
    discovered = "tokens";
    monitor = new Monitor("https://radio.example", (state) => told.push(state), {
      open: (options) => {
        const client = new ScriptedClient(options);
        prepare(client);
        clients.push(client);
        return client;
      },
      discover: () => Promise.resolve({ auth: discovered }),
      now: () => Date.now(),
    });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
  const last = (): ScriptedClient => {
    const client = clients.at(-1);
    if (!client) throw new Error("no client was opened");
    return client;
  };

  it("watches as an administrator, with the token that it was given", async () => {
    monitor.open("a.b.c");
    await settled();
    expect(last().options).toMatchObject({ relay: "https://radio.example", token: "a.b.c" });
    expect(last().isWatching).toBe(true);
    expect(monitor.state).toMatchObject({ phase: "watching", who: { subject: "ada" } });
    expect(monitor.state.rows).toBeUndefined();
  });

  it("makes rows and rates of what the relay tells", async () => {
    monitor.open();
    await settled();
    last().tell("relayStatus", relayStatus);
    last().tell("relayStreams", [status("jazz")]);
    last().tell("relayStatus", { ...relayStatus, now: 61_000, bytesOut: 250_000, listeners: 9 });
    expect(monitor.state.mbits).toBeCloseTo(2, 9);
    expect(monitor.state.toldAt).toBe(Date.now());
    expect(monitor.state.rows?.map((row) => row.status.channelId)).toEqual(["jazz"]);
    expect(monitor.listeners.highest).toBe(9);
  });

  it("asks for a token where the relay does, or does not take the one it was given", async () => {
    for (const code of ["token-missing", "token-invalid", "token-expired"] as const) {
      prepare = (client) => {
        client.refusal = new SkywaveError(code, "no");
      };
      monitor.open();
      await settled();
      expect(monitor.state).toMatchObject({ phase: "sign-in", reason: { code } });
    }
  });

  it("says which role it was given where that is not the administrator's, and leaves", async () => {
    prepare = (client) => {
      client.role = "owner";
    };
    discovered = "open";
    monitor.open("a.b.c");
    await settled();
    expect(monitor.state).toMatchObject({
      phase: "not-allowed",
      who: { role: "owner" },
      auth: "open",
    });
    expect(last().isOpen).toBe(false);
    expect(last().isWatching).toBe(false);
  });

  it("says so where the relay forbids the watch after all", async () => {
    prepare = (client) => {
      client.watchRefusal = new SkywaveError("forbidden", "not for you");
    };
    monitor.open();
    await settled();
    expect(monitor.state.phase).toBe("not-allowed");
  });

  it("ends where a relay does not know the watch, and says why", async () => {
    prepare = (client) => {
      client.watchRefusal = new SkywaveError("unknown-type", "no such request");
    };
    monitor.open();
    await settled();
    expect(monitor.state).toMatchObject({ phase: "closed", reason: { code: "unknown-type" } });
  });

  it("keeps what it saw while the connection is lost, and does nothing meanwhile", async () => {
    monitor.open();
    await settled();
    last().tell("relayStreams", [status("jazz")]);
    const reason = new SkywaveError("lost", "the relay is gone");
    last().tell("connectionStatus", { state: "reconnecting", reason, retryInMs: 500 });
    expect(monitor.state).toMatchObject({ phase: "reconnecting", reason: { code: "lost" } });
    expect(monitor.state.rows).toHaveLength(1);
    await expect(monitor.endStream("jazz", undefined)).rejects.toMatchObject({ code: "lost" });
    await expect(monitor.endSession(3, undefined)).rejects.toMatchObject({ code: "lost" });
    expect(last().done).toEqual([]);
    last().tell("connectionStatus", { state: "connected", welcome: welcome("admin") });
    expect(monitor.state.phase).toBe("watching");
    expect(monitor.state.reason).toBeUndefined();
    await monitor.endStream("jazz", "enough");
    expect(last().done).toEqual([{ channelId: "jazz", message: "enough" }]);
  });

  it("stays away where its session was ended by another administrator", async () => {
    monitor.open();
    await settled();
    const reason = new SkywaveError("ended-by-admin", "go home");
    last().tell("connectionStatus", { state: "closed", reason });
    expect(monitor.state).toMatchObject({ phase: "closed", reason: { message: "go home" } });
  });

  it("asks for sessions of all, or of one channel after a number", async () => {
    monitor.open();
    await settled();
    await monitor.sessions(undefined, undefined);
    await monitor.sessions("jazz", 100);
    expect(last().done).toEqual([{}, { channelId: "jazz", after: 100 }]);
  });

  it("tells of many events at once", async () => {
    monitor.open();
    await settled();
    const before = told.length;
    for (let n = 0; n < 50; n += 1) {
      last().tell("relayEvent", { at: n, kind: "session-began", message: "" });
    }
    expect(told).toHaveLength(before);
    await vi.advanceTimersByTimeAsync(200);
    expect(told).toHaveLength(before + 1);
    expect(monitor.events.shown("all")).toHaveLength(50);
  });

  it("begins anew with another token, and takes nothing from the client before", async () => {
    monitor.open();
    await settled();
    last().tell("relayStreams", [status("jazz")]);
    const [first] = clients;
    monitor.open("a.b.c");
    await settled();
    first?.tell("relayStreams", [status("ghost")]);
    expect(monitor.state).toMatchObject({ phase: "watching" });
    expect(monitor.state.rows).toBeUndefined();
  });
});
