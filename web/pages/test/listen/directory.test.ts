import { SkywaveError, type ActiveStream, type ClientEvents } from "@skywave/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Directory, type DirectoryState } from "../../src/listen/directory.js";

/** A client whose relay says what a test tells it to. */
class ScriptedClient {
  activeStreams: readonly ActiveStream[] = [];
  isOpen = false;
  refusal: SkywaveError | undefined;
  knowsCounts = true;
  readonly #listeners = new Map<string, (event: never) => void>();

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

  connect(): Promise<never> {
    if (this.refusal) {
      this.tell("connectionStatus", { state: "closed", reason: this.refusal });
      return Promise.reject(this.refusal);
    }
    this.isOpen = true;
    this.tell("connectionStatus", { state: "connected", welcome: undefined as never });
    for (const stream of this.activeStreams) this.tell("streamStarted", stream);
    return Promise.resolve(undefined as never);
  }

  watchStreams(): Promise<void> {
    return this.knowsCounts
      ? Promise.resolve()
      : Promise.reject(new SkywaveError("unknown-type", "no such request"));
  }

  disconnect(): void {
    this.isOpen = false;
  }
}

const stream = (channelId: string, streamId = 1): ActiveStream => ({
  channelId,
  streamId,
  startedAt: 0,
  listeners: 2,
});

describe("the directory", () => {
  const clients: ScriptedClient[] = [];
  let prepare: (client: ScriptedClient) => void;
  let state: DirectoryState;
  let directory: Directory;

  beforeEach(() => {
    vi.useFakeTimers();
    clients.length = 0;
    prepare = (client) => {
      client.activeStreams = [stream("jazz"), stream("talk")];
    };
    directory = new Directory(
      () => ({ relay: "https://radio.example" }),
      (changed) => {
        state = changed;
      },
      () => {
        const client = new ScriptedClient();
        prepare(client);
        clients.push(client);
        return client;
      },
    );
    state = directory.state;
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  const names = (): readonly string[] => [...state.stations.keys()];
  const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

  it("connects to nothing before somebody looks", () => {
    expect(clients).toHaveLength(0);
    expect(state).toMatchObject({ link: "asleep", isKnown: false });
  });

  it("lists what is on the air and follows it", async () => {
    directory.look(true);
    await settled();
    expect(state).toMatchObject({ link: "open", isKnown: true });
    expect(names()).toEqual(["jazz", "talk"]);
    clients[0]?.tell("streamListeners", { channelId: "jazz", count: 40 });
    clients[0]?.tell("streamStopped", { channelId: "talk", streamId: 1 });
    clients[0]?.tell("streamStarted", stream("news", 2));
    expect(names()).toEqual(["jazz", "news"]);
    expect(state.stations.get("jazz")?.listeners).toBe(40);
  });

  it("lists what is on the air at a relay that tells no counts", async () => {
    prepare = (client) => {
      client.activeStreams = [stream("jazz")];
      client.knowsCounts = false;
    };
    directory.look(true);
    await settled();
    expect(state.isKnown).toBe(true);
    expect(names()).toEqual(["jazz"]);
  });

  it("keeps its session a while, and sleeps when nobody has looked since", async () => {
    directory.look(true);
    await settled();
    directory.look(false);
    await vi.advanceTimersByTimeAsync(10_000);
    directory.look(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(clients[0]?.isOpen).toBe(true);
    directory.look(false);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(clients[0]?.isOpen).toBe(false);
    expect(state.link).toBe("asleep");
    expect(names()).toEqual(["jazz", "talk"]);
  });

  it("knows after its sleep what ended and what began meanwhile", async () => {
    directory.look(true);
    await settled();
    directory.close();
    prepare = (client) => {
      client.activeStreams = [stream("talk", 5), stream("news")];
    };
    directory.look(true);
    await settled();
    expect(clients).toHaveLength(2);
    expect([...names()].sort()).toEqual(["news", "talk"]);
    expect(state.stations.get("talk")?.streamId).toBe(5);
  });

  it("takes nothing from a client that it has dropped", async () => {
    directory.look(true);
    await settled();
    directory.retry();
    await settled();
    clients[0]?.tell("streamStarted", stream("ghost"));
    expect(names()).not.toContain("ghost");
  });

  it("tells why the relay refused, and forgets it once the relay lets it in", async () => {
    prepare = (client) => {
      client.refusal = new SkywaveError("token-missing", "a token is needed");
    };
    directory.look(true);
    await settled();
    expect(state).toMatchObject({ link: "closed", reason: { code: "token-missing" } });
    prepare = (client) => {
      client.activeStreams = [stream("jazz")];
    };
    directory.retry();
    await settled();
    expect(state).toMatchObject({ link: "open", isKnown: true });
    expect(state.reason).toBeUndefined();
  });
});
