import { SkywaveClient, type ClientOptions, type SkywaveError } from "@skywave/client";
import { counted, started, stopped, type Stations } from "./stations.js";

/** How long the directory stays connected when nobody looks at it, in ms. */
const LINGER_MS = 15_000;

/** What is known of the stations, and how. */
export interface DirectoryState {
  readonly stations: Stations;
  /** The stations are all of them; before, the relay has not told yet. */
  readonly isKnown: boolean;
  readonly link: "asleep" | "connecting" | "open" | "reconnecting" | "closed";
  /** Why the link is broken. */
  readonly reason?: SkywaveError;
}

/** The part of the client that a directory uses. */
export type DirectoryClient = Pick<
  SkywaveClient,
  "on" | "connect" | "disconnect" | "watchStreams" | "activeStreams"
>;

/**
 * Keeps the list of stations while somebody looks at it. A page that only plays needs no
 * second session at the relay: it sleeps then, and what it knew stays.
 */
export class Directory {
  #state: DirectoryState = { stations: new Map(), isKnown: false, link: "asleep" };
  #client: DirectoryClient | undefined;
  #falling: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param options Where the relay is, and the token.
   * @param onChange Called after each change of the state.
   * @param open How a client is made; tests give their own.
   */
  constructor(
    private readonly options: () => ClientOptions,
    private readonly onChange: (state: DirectoryState) => void,
    private readonly open: (options: ClientOptions) => DirectoryClient = (given) =>
      new SkywaveClient(given),
  ) {}

  get state(): DirectoryState {
    return this.#state;
  }

  /** Says whether somebody looks. Nobody: it sleeps after a while. */
  look(isLooked: boolean): void {
    if (isLooked) {
      clearTimeout(this.#falling);
      this.#falling = undefined;
      if (!this.#client) this.#connect();
      return;
    }
    if (!this.#client) return;
    this.#falling ??= setTimeout(() => {
      this.close();
    }, LINGER_MS);
  }

  /** Begins anew at once, after the relay refused, or with another token. */
  retry(): void {
    this.#drop();
    this.#connect();
  }

  /** Sleeps at once. */
  close(): void {
    clearTimeout(this.#falling);
    this.#falling = undefined;
    this.#drop();
    this.#set({ ...this.#state, link: "asleep" });
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.disconnect();
  }

  #connect(): void {
    const client = this.open(this.options());
    this.#client = client;
    this.#set({ ...this.#state, link: "connecting" });
    // Events of a client that was dropped come no more, or no longer count.
    const isMine = (): boolean => this.#client === client;
    client.on("connectionStatus", (status) => {
      if (!isMine()) return;
      const { reason: _, ...before } = this.#state;
      switch (status.state) {
        case "connecting":
          this.#set({ ...before, link: "connecting" });
          break;
        case "connected":
          this.#set({ ...before, link: "open" });
          break;
        case "reconnecting":
        case "closed":
          this.#set({ ...before, link: status.state, reason: status.reason });
          break;
      }
    });
    client.on("streamStarted", (stream) => {
      if (isMine()) this.#list(started(this.#state.stations, stream));
    });
    client.on("streamStopped", ({ channelId, streamId }) => {
      if (isMine()) this.#list(stopped(this.#state.stations, channelId, streamId));
    });
    client.on("streamListeners", ({ channelId, count }) => {
      if (isMine()) this.#list(counted(this.#state.stations, channelId, count));
    });
    void this.#watch(client, isMine);
  }

  async #watch(client: DirectoryClient, isMine: () => boolean): Promise<void> {
    try {
      await client.connect();
    } catch {
      // `connectionStatus` has told why.
      return;
    }
    await client.watchStreams().catch(() => {
      // A relay without counts still tells what is on the air.
    });
    if (!isMine()) return;
    // What ended while it slept is not told: only what the relay lists now is there.
    const live = new Map(client.activeStreams.map((stream) => [stream.channelId, stream]));
    let stations = this.#state.stations;
    for (const { channelId, streamId } of stations.values()) {
      if (live.get(channelId)?.streamId !== streamId) {
        stations = stopped(stations, channelId, streamId);
      }
    }
    for (const stream of live.values()) {
      if (!stations.has(stream.channelId)) stations = started(stations, stream);
    }
    this.#set({ ...this.#state, stations, isKnown: true });
  }

  #list(stations: Stations): void {
    if (stations !== this.#state.stations) this.#set({ ...this.#state, stations });
  }

  #set(state: DirectoryState): void {
    this.#state = state;
    this.onChange(state);
  }
}
