import { Rows, type SessionPage, type StreamStatus } from "./admin.js";
import { Publication, type Broadcast, type StartOptions } from "./broadcast.js";
import type { RelayClock } from "./clock.js";
import type { ActiveStream, Metadata, RelayEvent, Title, Welcome } from "./control.js";
import { Emitter } from "./emitter.js";
import { asSkywaveError, SkywaveError } from "./errors.js";
import type { ClientEvents, ClientStats } from "./events.js";
import { isEnding, Link, type ConnectionStatus } from "./link.js";
import { OnAir, type Changes } from "./onair.js";
import { joinFields, linkOptions, type ClientOptions, type JoinOptions } from "./options.js";
import type { Session } from "./session.js";
import { Subscription, type Channel } from "./subscription.js";
import { pause, systemTime, type Time } from "./time.js";

/** So long a renewal waits for the fresh session's audio to be as new as the old one's, in ms. */
const CATCH_UP_MS = 3_000;

/** What can be watched, by the request that asks for it. */
const WATCHES = { "streams:watch": "streams", "relay:watch": "relay" } as const;

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
 * const client = new SkywaveClient({ relay: location.origin });
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
  readonly #watches = new Set<keyof typeof WATCHES>();
  readonly #relayStreams = new Rows<StreamStatus>();
  readonly #onAir = new OnAir();

  /** @throws SkywaveError `setup`: not exactly one of `relay` and `url` is given. */
  constructor(options: ClientOptions) {
    super();
    this.#time = options.time ?? systemTime;
    this.#link = new Link(linkOptions(options),
      {
        onStatus: (status) => {
          this.#statusChanged(status);
        },
        onEvent: (event) => {
          this.#happened(event);
        },
        onFault: (session, channelId, fault) => {
          const publication = this.#broadcasts.get(channelId);
          if (publication?.session === session) publication.fail(fault);
        },
        onWaiting: (requests) => {
          this.emit("requestsWaiting", requests);
        },
        onSession: (session) => this.#bringBack(session),
        onRenewalDue: () => {
          // Where it fails the present session goes on, and it is tried again some bytes later.
          this.renew().catch(() => undefined);
        },
      },
    );
  }

  /** What is on the air, as far as the relay has told. */
  get activeStreams(): readonly ActiveStream[] {
    return this.#onAir.streams;
  }

  /**
   * The relay's clock, by the times of this client's {@link Time}. Passes without steps
   * but for the first half second, and a difference of more than 20 ms; goes on while
   * there is no session.
   */
  get clock(): RelayClock {
    return this.#link.clock;
  }

  /** The relay's time now, in µs; `undefined` while it is not known. */
  get relayTime(): number | undefined {
    return this.clock.relayTime(this.#time.now());
  }

  /** The shortest of the newest round trips to the relay, in µs. */
  get roundTrip(): number | undefined {
    return this.#link.session?.estimate.roundTrip;
  }

  get stats(): ClientStats {
    const session = this.#link.session;
    const roundTrip = session?.estimate.roundTrip;
    return {
      roundTripMs: roundTrip === undefined ? undefined : roundTrip / 1_000,
      jitterMs: roundTrip === undefined ? undefined : (session?.estimate.jitter ?? 0) / 1_000,
      receivedBytes: session?.receivedBytes ?? 0,
      requestsWaiting: this.#link.waiting,
      sessions: this.#link.sessions,
    };
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
   * Moves to a fresh session and closes the present one after that: channels are heard
   * on without a frame lost or repeated, what is watched is watched on. For a moment the
   * relay counts this listener twice. Without a session, waits for the next one.
   *
   * A client that is on the air stays where it is: what the old session has written, and
   * the relay has not read yet, would be lost.
   *
   * @throws SkywaveError `on-the-air`, or the fresh session did not come about; the
   * present one goes on then.
   */
  async renew(): Promise<void> {
    this.#checkOffTheAir();
    await this.#link.renew({
      bringOver: (fresh) => this.#bringOver(fresh),
      switched: () => {
        this.#relayStreams.clear();
        for (const { subscription } of this.#channels.values()) subscription.crossOver();
      },
      givenUp: () => {
        for (const { subscription } of this.#channels.values()) subscription.stayHere();
      },
    });
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
        const hooks = {
          onTitle: (title: Metadata) => {
            this.emit("metadataUpdate", { channelId, ...title });
          },
          onListeners: (count: number) => {
            this.emit("listenerCount", { channelId, count });
          },
          onFrame: options.onFrame,
        };
        opened = new Subscription(channelId, joined, this.#time, hooks, options.patienceMs);
        this.#channels.set(channelId, { options, subscription: opened });
        return opened.sink;
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
    await this.#link.settled();
    await this.#link.session?.leave(channelId).catch((error: unknown) => {
      // A session that was lost has left it, too, and a fresh one may not have joined it.
      if (!["lost", "not-joined"].includes(asSkywaveError(error, "lost").code)) throw error;
    });
  }

  /**
   * Goes on the air, until {@link stopStream}.
   *
   * @throws SkywaveError The relay refuses, or there is no connection and none to come.
   */
  async startStream(options: StartOptions): Promise<Broadcast> {
    const { channelId } = options;
    if (this.#broadcasts.has(channelId)) {
      throw new SkywaveError("channel-busy", `this client is on the air on ${channelId} already`);
    }
    const publication = new Publication(options, {
      onEnd: (reason) => {
        this.#broadcasts.delete(channelId);
        this.emit("broadcastEnded", { channelId, reason });
      },
      onDropped: (bytes) => {
        const { droppedBytes } = publication;
        this.emit("broadcastDropped", { channelId, bytes, droppedBytes });
      },
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
    const finished = publication.finish(
      new SkywaveError("disconnected", "the broadcast was stopped"),
    );
    await this.#link.run(async (session) => {
      await finished;
      // Where the session that carried it is gone, the relay ends it after its grace period.
      if (session !== publication.session) return;
      await session.ask("stream:stop", { channelId, atByte: publication.bytes });
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

  /** Writes to the people of a channel. */
  async sendChat(options: { readonly channelId: string; readonly message: string }): Promise<void> {
    await this.#link.run((session) => session.ask("chat:send", options));
  }

  /**
   * Watches how many listen to each channel on the air: `streamListeners` tells, at first
   * all, then what changes. Goes on over reconnects.
   *
   * @throws SkywaveError There is no connection and none to come.
   */
  watchStreams(): Promise<void> {
    return this.#watch("streams:watch");
  }

  /**
   * Watches the relay: `relayStatus`, `relayStreams` and `relayEvent` tell. Goes on over
   * reconnects.
   *
   * @throws SkywaveError `forbidden` to all but administrators; or there is no connection
   * and none to come.
   */
  watchRelay(): Promise<void> {
    return this.#watch("relay:watch");
  }

  /**
   * Lists sessions of the relay, or those that have to do with one channel, at most 100
   * at once.
   *
   * @param options `after`: only sessions with a higher number.
   * @throws SkywaveError `forbidden` to all but administrators.
   */
  listSessions(
    options: { readonly channelId?: string; readonly after?: number } = {},
  ): Promise<SessionPage> {
    return this.#link.run((session) => session.ask("session:list", options));
  }

  /**
   * Ends a session. Its client is told why, and does not come back by itself.
   *
   * @throws SkywaveError `unknown-session`, or `forbidden` to all but administrators.
   */
  async endSession(options: {
    readonly session: number;
    readonly message?: string;
  }): Promise<void> {
    await this.#link.run((session) => session.ask("session:end", options));
  }

  /**
   * Takes a channel off the air, whoever broadcasts there. The publisher is told why.
   *
   * @throws SkywaveError `unknown-channel`, or `forbidden` to all but administrators.
   */
  async endStream(options: {
    readonly channelId: string;
    readonly message?: string;
  }): Promise<void> {
    await this.#link.run((session) => session.ask("stream:end", options));
  }

  #checkOffTheAir(): void {
    if (this.#broadcasts.size === 0) return;
    const words = "a session that broadcasts is not renewed: audio under way would be lost";
    throw new SkywaveError("on-the-air", words);
  }

  async #watch(type: keyof typeof WATCHES): Promise<void> {
    if (this.#watches.has(type)) return;
    await this.#link.run((session) => session.ask(type, {}));
    this.#watches.add(type);
  }

  /** Sets all up on a fresh session while the old one goes on. */
  async #bringOver(fresh: Session): Promise<void> {
    this.#checkOffTheAir();
    const channels = [...this.#channels.values()];
    const joins = channels.map(({ options, subscription }) =>
      fresh.join({ ...joinFields(options), wait: true }, (joined) => subscription.bridge(joined)),
    );
    const watches = [...this.#watches].map((type) => fresh.ask(type, {}));
    await Promise.all([...joins, ...watches]);
    const caughtUp = channels.map(({ subscription }) => subscription.caughtUp());
    await Promise.race([Promise.all(caughtUp), pause(this.#time, CATCH_UP_MS)]);
  }

  async #bringBack(session: Session): Promise<void> {
    this.#relayStreams.clear();
    const joins = [...this.#channels].map(async ([channelId, { options, subscription }]) => {
      try {
        const fields = { ...joinFields(options), wait: true };
        await session.join(fields, (joined) => subscription.rejoin(joined));
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
    const watches = [...this.#watches].map(async (type) => {
      try {
        await session.ask(type, {});
      } catch (error) {
        const reason = asSkywaveError(error, "lost");
        if (await this.#isLost(session, reason)) return;
        this.#watches.delete(type);
        this.emit("watchEnded", { watch: WATCHES[type], reason });
      }
    });
    await Promise.all([...joins, ...starts, ...watches]);
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
      this.#watches.clear();
    }
    this.emit("connectionStatus", status);
  }

  #happened(event: RelayEvent): void {
    switch (event.type) {
      case "streams:active":
        this.#told(this.#onAir.replace(event.streams));
        break;
      case "stream:started": {
        const { type, ...stream } = event;
        this.#onAir.started(stream);
        this.emit("streamStarted", stream);
        break;
      }
      case "stream:stopped":
        this.#onAir.stopped(event.channelId);
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
      case "streams:listeners":
        for (const { channelId, listeners } of event.streams) {
          this.#onAir.counted(channelId, listeners);
          this.emit("streamListeners", { channelId, count: listeners });
        }
        break;
      case "relay:status": {
        const { type, ...status } = event;
        this.emit("relayStatus", status);
        break;
      }
      case "relay:streams": {
        const streams = this.#relayStreams.add(event.streams, event.last);
        if (streams) this.emit("relayStreams", streams);
        break;
      }
      case "relay:event": {
        const { type, ...incident } = event;
        this.emit("relayEvent", incident);
        break;
      }
      case "chat:message": {
        const { type, ...message } = event;
        this.emit("chatMessage", message);
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

  #told({ started, stopped }: Changes): void {
    for (const { channelId, streamId } of stopped) {
      this.emit("streamStopped", { channelId, streamId });
    }
    for (const stream of started) this.emit("streamStarted", stream);
  }
}
