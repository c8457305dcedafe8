import {
  discoverRelay,
  SkywaveClient,
  SkywaveError,
  type ClientOptions,
  type ConnectionStatus,
  type RelayAddress,
  type RelayStatus,
  type SessionPage,
  type StreamStatus,
  type Welcome,
} from "@skywave/client";
import { EventLog } from "./core/event-log.js";
import { History } from "./core/history.js";
import { Streams, type Row } from "./core/streams.js";
import { Throughput } from "./core/throughput.js";

/** Ten minutes of all listeners. */
const LISTENER_SLOTS = 120;
/** Events are shown together that come within so many ms. */
const EVENTS_TOGETHER_MS = 200;
/** The codes with which a relay asks for a token, or for another one. */
const TOKEN_CODES: readonly string[] = ["token-missing", "token-invalid", "token-expired"];

/** Where the page stands with the relay. */
export type Phase =
  | "connecting"
  /** Signed in as an administrator; what is shown is so now. */
  | "watching"
  /** The connection is lost and tried again; what is shown was so then. */
  | "reconnecting"
  /** The relay asks for a token, or does not take this one. */
  | "sign-in"
  /** The relay let us in, but not as an administrator. */
  | "not-allowed"
  /** It is not tried again by itself. */
  | "closed";

export interface MonitorState {
  readonly phase: Phase;
  /** Why it is lost, closed, or a token is asked for. */
  readonly reason?: SkywaveError;
  /** Who the relay takes us for. */
  readonly who?: Welcome;
  /** How the relay lets people in, where that was asked. */
  readonly auth?: RelayAddress["auth"];
  readonly relay?: RelayStatus;
  /** When the relay last told how it does, local ms. */
  readonly toldAt?: number;
  /** Audio that goes out, in Mbit/s. */
  readonly mbits?: number | undefined;
  /** All that is on the air; `undefined` until the relay has told. */
  readonly rows?: readonly Row[];
}

/** The part of the client that a monitor uses. */
export type MonitorClient = Pick<
  SkywaveClient,
  "on" | "connect" | "disconnect" | "watchRelay" | "listSessions" | "endSession" | "endStream"
>;

/** What a monitor is made of; tests give their own. */
export interface MonitorParts {
  open(options: ClientOptions): MonitorClient;
  discover(relay: string): Promise<Pick<RelayAddress, "auth">>;
  /** Local ms. */
  now(): number;
}

const REAL: MonitorParts = {
  open: (options) => new SkywaveClient(options),
  discover: (relay) => discoverRelay(relay),
  now: () => Date.now(),
};

/** Watches a relay as its administrator, and does what one may. */
export class Monitor {
  readonly events = new EventLog();
  /** Listeners of all channels in the last ten minutes, as far as they were seen. */
  listeners = new History(LISTENER_SLOTS);
  #state: MonitorState = { phase: "connecting" };
  #client: MonitorClient | undefined;
  #streams = new Streams();
  #throughput = new Throughput();
  #telling: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param relay The address of the relay's pages.
   * @param onChange Called after each change of the state or the events.
   */
  constructor(
    private readonly relay: string,
    private readonly onChange: (state: MonitorState) => void,
    private readonly parts: MonitorParts = REAL,
  ) {}

  get state(): MonitorState {
    return this.#state;
  }

  /** Begins anew, with this token or without one. What was seen before is forgotten. */
  open(token?: string): void {
    this.close();
    this.#streams = new Streams();
    this.#throughput = new Throughput();
    this.listeners = new History(LISTENER_SLOTS);
    const client = this.parts.open({
      relay: this.relay,
      client: "skywave-admin",
      ...(token === undefined ? {} : { token }),
    });
    this.#client = client;
    // Events of a client that was closed come no more, or no longer count.
    const isMine = (): boolean => this.#client === client;
    client.on("connectionStatus", (status) => {
      if (isMine()) this.#connected(status);
    });
    client.on("relayStatus", (status) => {
      if (isMine()) this.#told(status);
    });
    client.on("relayStreams", (streams) => {
      if (isMine()) this.#listed(streams);
    });
    client.on("relayEvent", (incident) => {
      if (!isMine()) return;
      this.events.add(incident);
      this.#telling ??= setTimeout(() => {
        this.#telling = undefined;
        this.onChange(this.#state);
      }, EVENTS_TOGETHER_MS);
    });
    client.on("watchEnded", ({ reason }) => {
      if (isMine()) this.#refused(reason);
    });
    this.#set({ phase: "connecting" });
    void this.#watch(client, isMine);
  }

  /** Lets go of the relay. */
  close(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    const client = this.#client;
    this.#client = undefined;
    client?.disconnect();
  }

  /** A page of sessions: all, or those that have to do with a channel. */
  async sessions(channelId: string | undefined, after: number | undefined): Promise<SessionPage> {
    return await this.#present().listSessions({
      ...(channelId === undefined ? {} : { channelId }),
      ...(after === undefined ? {} : { after }),
    });
  }

  async endSession(session: number, message: string | undefined): Promise<void> {
    await this.#present().endSession({ session, ...(message === undefined ? {} : { message }) });
  }

  async endStream(channelId: string, message: string | undefined): Promise<void> {
    await this.#present().endStream({ channelId, ...(message === undefined ? {} : { message }) });
  }

  /** Nothing is to happen later that was asked for now: without a session it is refused. */
  #present(): MonitorClient {
    if (this.#client && this.#state.phase === "watching") return this.#client;
    throw new SkywaveError("lost", "there is no connection to the relay just now");
  }

  async #watch(client: MonitorClient, isMine: () => boolean): Promise<void> {
    try {
      await client.connect();
      if (isMine()) await client.watchRelay();
    } catch (error) {
      // Where there is no session, `connectionStatus` has told why.
      if (!isMine() || this.#state.phase !== "watching") return;
      const words = error instanceof Error ? error.message : String(error);
      this.#refused(error instanceof SkywaveError ? error : new SkywaveError("internal", words));
    }
  }

  #connected(status: ConnectionStatus): void {
    const { reason: _, ...before } = this.#state;
    switch (status.state) {
      case "connecting":
        this.#set({ ...before, phase: "connecting" });
        break;
      case "connected":
        if (status.welcome.role === "admin") {
          this.#set({ ...before, phase: "watching", who: status.welcome });
        } else {
          this.#notAllowed(status.welcome);
        }
        break;
      case "reconnecting":
        this.#set({ ...before, phase: "reconnecting", reason: status.reason });
        break;
      case "closed":
        this.#refused(status.reason);
        break;
    }
  }

  #notAllowed(who: Welcome): void {
    this.close();
    this.#set({ phase: "not-allowed", who });
    this.parts.discover(this.relay).then(
      ({ auth }) => {
        if (this.#state.phase === "not-allowed") this.#set({ ...this.#state, auth });
      },
      () => undefined,
    );
  }

  #refused(reason: SkywaveError): void {
    this.close();
    const { who } = this.#state;
    if (reason.code === "forbidden" && who) this.#notAllowed(who);
    else if (TOKEN_CODES.includes(reason.code)) this.#set({ phase: "sign-in", reason });
    else this.#set({ ...this.#state, phase: "closed", reason });
  }

  #told(relay: RelayStatus): void {
    this.#throughput.add(relay);
    this.listeners.add(relay.now, relay.listeners);
    const { mbits } = this.#throughput;
    this.#set({ ...this.#state, relay, mbits, toldAt: this.parts.now() });
  }

  #listed(streams: readonly StreamStatus[]): void {
    const at = this.#state.relay?.now ?? this.parts.now();
    this.#set({ ...this.#state, rows: this.#streams.update(streams, at) });
  }

  #set(state: MonitorState): void {
    this.#state = state;
    this.onChange(state);
  }
}
