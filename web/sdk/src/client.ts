import { Publication, type Broadcast } from "./broadcast.js";
import type {
  ActiveStream,
  Delivery,
  Metadata,
  RelayEvent,
  Show,
  Skipped,
  Title,
  Welcome,
} from "./control.js";
import { Emitter } from "./emitter.js";
import { asSkywaveError, SkywaveError } from "./errors.js";
import type { Frame } from "./group.js";
import { isEnding, Link, type ConnectionStatus } from "./link.js";
import type { Session } from "./session.js";
import { Subscription, type Channel } from "./subscription.js";
import { systemTime, type Time } from "./time.js";
import { connectWebTransport, type Connect, type ConnectOptions } from "./transport.js";

/** Options of a {@link SkywaveClient}. */
export interface ClientOptions extends ConnectOptions {
  /** A JSON Web Token, or a function that gives a fresh one for each session. */
  readonly token?: string | (() => string | Promise<string>);
  /** On an open relay, the name to go by. */
  readonly subject?: string;
  /** Program and version, for the relay's logs. */
  readonly client?: string;
  /** Requests that may wait while there is no session; default 64. */
  readonly maxQueued?: number;
  /** How sessions are opened; default the browser's WebTransport. */
  readonly connect?: Connect;
  /** Clock and timers; default the browser's. */
  readonly time?: Time;
  /** Numbers from 0 up to 1, to spread attempts; default `Math.random`. */
  readonly random?: () => number;
}

/** What to listen to, and how. */
export interface JoinOptions {
  readonly channelId: string;
  /** How long frames may wait at the relay to be sent together, 0 to 2000 ms; default 100. */
  readonly latencyMs?: number;
  /** Default `stream`. */
  readonly delivery?: Delivery;
  /** Join although nobody is on the air yet. After a reconnect this always holds. */
  readonly wait?: boolean;
  /** Takes each frame as it comes, in order. Without it, iterate over the channel. */
  readonly onFrame?: (frame: Frame) => void;
}

/** The events of a {@link SkywaveClient}. */
export interface ClientEvents {
  /** The connection changed. */
  connectionStatus: ConnectionStatus;
  /** A channel went on the air. After a reconnect, told for what began meanwhile. */
  streamStarted: ActiveStream;
  /** A channel went off the air. After a reconnect, told for what ended meanwhile. */
  streamStopped: { readonly channelId: string; readonly streamId: number };
  /** A joined channel has a newer title. Show it when the frame `seq` is heard. */
  metadataUpdate: { readonly channelId: string } & Metadata;
  /** How many listen to a joined channel. */
  listenerCount: { readonly channelId: string; readonly count: number };
  /** A publisher is on a joined channel (again). */
  streamLive: { readonly channelId: string };
  /** No publisher is on a joined channel for now; the join holds. */
  streamOffline: { readonly channelId: string };
  /** The relay left frames out for this listener, which was too slow. */
  streamSkipped: Skipped;
  /** A joined channel is heard no more, for this reason. */
  channelClosed: { readonly channelId: string; readonly reason: SkywaveError };
  /** A broadcast of this client ended, for this reason. */
  broadcastEnded: { readonly channelId: string; readonly reason: SkywaveError };
  /** The relay is about to stop; the client reconnects by itself. */
  serverDraining: undefined;
}

interface Listening {
  readonly options: JoinOptions;
  readonly subscription: Subscription;
}

/**
 * A client of a Skywave relay. Keeps a session up by itself: after a loss it comes back
 * with growing waits, joins its channels and resumes its broadcasts; requests made
 * meanwhile wait. It gives up only where trying again cannot help, and says why in
 * `connectionStatus`.
 *
 * @example
 * const client = new SkywaveClient({ url: "https://localhost:4433/" });
 * client.on("metadataUpdate", (title) => show(title));
 * await client.connect();
 * const channel = await client.joinStream({ channelId: "jazz" });
 * for await (const frame of channel) play(frame);
 */
export class SkywaveClient extends Emitter<ClientEvents> {
  readonly #link: Link;
  readonly #time: Time;
  readonly #channels = new Map<string, Listening>();
  readonly #broadcasts = new Map<string, Publication>();
  #active = new Map<string, ActiveStream>();

  constructor(options: ClientOptions) {
    super();
    this.#time = options.time ?? systemTime;
    this.#link = new Link(
      {
        url: options.url,
        certificateHashes: options.certificateHashes ?? [],
        token: options.token,
        subject: options.subject,
        client: options.client ?? "@skywave/client",
        connect: options.connect ?? connectWebTransport,
        time: this.#time,
        random: options.random ?? Math.random,
        maxQueued: options.maxQueued ?? 64,
      },
      {
        onStatus: (status) => {
          this.#statusChanged(status);
        },
        onEvent: (event) => {
          this.#happened(event);
        },
        onSession: (session) => this.#bringBack(session),
      },
    );
  }

  /** What is on the air, as far as the relay has told. */
  get activeStreams(): readonly ActiveStream[] {
    return [...this.#active.values()];
  }

  /** The relay's time now, in µs; `undefined` while it is not known. */
  get relayTime(): number | undefined {
    return this.#link.session?.relayTime;
  }

  /** The shortest of the newest round trips to the relay, in µs. */
  get roundTrip(): number | undefined {
    return this.#link.session?.roundTrip;
  }

  /**
   * Connects, trying again for as long as that can help.
   *
   * @throws SkywaveError It cannot help, or {@link disconnect} was called.
   */
  connect(): Promise<Welcome> {
    return this.#link.start();
  }

  /** Leaves all channels, ends all broadcasts at once, and closes the session. */
  disconnect(): void {
    this.#link.stop();
  }

  /**
   * Listens to a channel, until {@link leaveStream}.
   *
   * @throws SkywaveError The relay refuses, or there is no connection and none to come.
   */
  async joinStream(options: JoinOptions): Promise<Channel> {
    const { channelId } = options;
    if (this.#channels.has(channelId)) {
      throw new SkywaveError("already-joined", `${channelId} is joined already`);
    }
    return this.#link.run(async (session) => {
      let opened: Subscription | undefined;
      await session.join(joinFields(options), (joined) => {
        const subscription = new Subscription(channelId, joined, this.#time, {
          onTitle: (title) => {
            this.emit("metadataUpdate", { channelId, ...title });
          },
          onListeners: (count) => {
            this.emit("listenerCount", { channelId, count });
          },
          onFrame: options.onFrame,
        });
        this.#channels.set(channelId, { options, subscription });
        opened = subscription;
        return subscription;
      });
      if (!opened) throw new SkywaveError("protocol", "a join without an answer");
      return opened;
    });
  }

  /** Listens no more. Without a session, it is not joined again. */
  async leaveStream(channelId: string): Promise<void> {
    const listening = this.#channels.get(channelId);
    if (!listening) throw new SkywaveError("not-joined", `${channelId} is not joined`);
    this.#channels.delete(channelId);
    listening.subscription.end(undefined);
    await this.#link.session?.leave(channelId).catch((error: unknown) => {
      // A session that was lost has left it, too.
      if (asSkywaveError(error, "lost").code !== "lost") throw error;
    });
  }

  /**
   * Goes on the air, until {@link stopStream}.
   *
   * @throws SkywaveError The relay refuses, or there is no connection and none to come.
   */
  async startStream(options: { readonly channelId: string } & Show): Promise<Broadcast> {
    const { channelId, ...show } = options;
    if (this.#broadcasts.has(channelId)) {
      throw new SkywaveError("channel-busy", `this client is on the air on ${channelId} already`);
    }
    const publication = new Publication(channelId, show, (reason) => {
      this.#broadcasts.delete(channelId);
      this.emit("broadcastEnded", { channelId, reason });
    });
    await this.#link.run((session) => publication.begin(session));
    this.#broadcasts.set(channelId, publication);
    return publication;
  }

  /** Goes off the air once the relay has taken all that was written. */
  async stopStream(channelId: string): Promise<void> {
    const publication = this.#broadcasts.get(channelId);
    if (!publication) throw new SkywaveError("not-publishing", `not on the air on ${channelId}`);
    this.#broadcasts.delete(channelId);
    await publication.finish(new SkywaveError("disconnected", "the broadcast was stopped"));
    await this.#link.run(async (session) => {
      if (session === publication.session) {
        await session.ask("stream:stop", { channelId, atByte: publication.bytes });
        return;
      }
      // The session that carried it is gone: the relay ends it after its grace period.
    });
  }

  /**
   * Sets the title of an own broadcast, from the frame on that begins at or after
   * `atByte` of {@link Broadcast.bytes}, or at once. Without a session it waits, and
   * then holds at once: bytes are counted anew there.
   *
   * @throws SkywaveError The relay refuses, too many requests wait, or there is no
   * connection and none to come.
   */
  async updateMetadata(
    options: { readonly channelId: string; readonly atByte?: number } & Title,
  ): Promise<void> {
    const { atByte, ...title } = options;
    const meant = this.#broadcasts.get(options.channelId)?.session;
    const isLive = this.#link.session !== undefined && this.#link.session === meant;
    await this.#link.run((session) => {
      const holdsAt = isLive && session === meant && atByte !== undefined ? { atByte } : {};
      return session.ask("stream:update-metadata", { ...title, ...holdsAt });
    });
  }

  async #bringBack(session: Session): Promise<void> {
    const joins = [...this.#channels].map(async ([channelId, { options, subscription }]) => {
      try {
        await session.join({ ...joinFields(options), wait: true }, (joined) => {
          subscription.rejoin(joined);
          return subscription;
        });
        if (!this.#channels.has(channelId)) await session.leave(channelId);
      } catch (error) {
        const reason = asSkywaveError(error, "lost");
        if (await this.#isLost(session, reason)) return;
        if (!this.#channels.delete(channelId)) return;
        subscription.end(reason);
        this.emit("channelClosed", { channelId, reason });
      }
    });
    const starts = [...this.#broadcasts].map(async ([channelId, publication]) => {
      try {
        await publication.begin(session);
      } catch (error) {
        const reason = asSkywaveError(error, "lost");
        if (await this.#isLost(session, reason)) return;
        if (!this.#broadcasts.delete(channelId)) return;
        publication.end(reason);
        this.emit("broadcastEnded", { channelId, reason });
      }
    });
    await Promise.all([...joins, ...starts]);
  }

  async #isLost(session: Session, reason: SkywaveError): Promise<boolean> {
    return reason.code === "lost" && (await isEnding(session, this.#time));
  }

  #statusChanged(status: ConnectionStatus): void {
    if (status.state === "closed") {
      const { reason } = status;
      const isWanted = reason.code === "disconnected";
      for (const { subscription } of this.#channels.values()) {
        subscription.end(isWanted ? undefined : reason);
      }
      for (const publication of this.#broadcasts.values()) publication.end(reason);
      this.#channels.clear();
      this.#broadcasts.clear();
    }
    this.emit("connectionStatus", status);
  }

  #happened(event: RelayEvent): void {
    switch (event.type) {
      case "streams:active":
        this.#allActive(event.streams);
        break;
      case "stream:started": {
        const { type, ...stream } = event;
        this.#active.set(stream.channelId, stream);
        this.emit("streamStarted", stream);
        break;
      }
      case "stream:stopped":
        this.#active.delete(event.channelId);
        this.emit("streamStopped", { channelId: event.channelId, streamId: event.streamId });
        break;
      case "stream:live":
        this.emit("streamLive", { channelId: event.channelId });
        break;
      case "stream:offline":
        this.emit("streamOffline", { channelId: event.channelId });
        break;
      case "stream:skipped": {
        const { type, ...skipped } = event;
        this.emit("streamSkipped", skipped);
        break;
      }
      case "server:draining":
        this.emit("serverDraining", undefined);
        break;
      case "stream:metadata":
      case "stream:listeners":
        // The session hands these to the channel's subscription.
        break;
    }
  }

  /** Tells what began and what ended since the relay was last heard. */
  #allActive(streams: readonly ActiveStream[]): void {
    const before = this.#active;
    this.#active = new Map(streams.map((stream) => [stream.channelId, stream]));
    for (const { channelId, streamId } of before.values()) {
      if (this.#active.get(channelId)?.streamId !== streamId) {
        this.emit("streamStopped", { channelId, streamId });
      }
    }
    for (const stream of streams) {
      if (before.get(stream.channelId)?.streamId !== stream.streamId) {
        this.emit("streamStarted", stream);
      }
    }
  }
}

function joinFields({ onFrame, ...fields }: JoinOptions): Omit<JoinOptions, "onFrame"> {
  return fields;
}
