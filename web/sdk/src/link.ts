import { Backoff } from "./backoff.js";
import { SteadyClock } from "./clock.js";
import type { RelayEvent, Welcome } from "./control.js";
import { asSkywaveError, SkywaveError } from "./errors.js";
import { Gate } from "./gate.js";
import { openSession, type OpenOptions } from "./opening.js";
import type { Session } from "./session.js";
import { pause } from "./time.js";

/** A stream may break so long before its session is known to have ended, in ms. */
const ENDING_MOMENT_MS = 1_000;
/** A session that held so long, in µs, was a good one: the next wait is a short one. */
const GOOD_SESSION = 5_000_000;
/** A renewal waits so long for the answers to requests that are under way, in ms. */
const QUIET_PATIENCE_MS = 1_000;
/** Where a renewal that bytes called for failed, so many bytes later the next one is tried. */
const RENEW_AGAIN_BYTES = 1_048_576;

/** How the client is connected. */
export type ConnectionStatus =
  /** The first session is being opened. */
  | { readonly state: "connecting" }
  /** There is a session: the first, the next after a loss, or a fresh one after a renewal. */
  | { readonly state: "connected"; readonly welcome: Welcome }
  /** There is no session; the next attempt comes after the wait. */
  | { readonly state: "reconnecting"; readonly reason: SkywaveError; readonly retryInMs: number }
  /** There is no session and none will come by itself; `reason` says why. */
  | { readonly state: "closed"; readonly reason: SkywaveError };

export interface LinkOptions extends OpenOptions {
  readonly random: () => number;
  readonly maxQueued: number;
  /** Bytes received in one session after which a fresh one is due; `Infinity`: never. */
  readonly renewAfterBytes: number;
}

export interface LinkHooks {
  onStatus(status: ConnectionStatus): void;
  onEvent(event: RelayEvent): void;
  /** The relay found a fault with what the session does on one channel. */
  onFault(session: Session, channelId: string, fault: SkywaveError): void;
  /** More or fewer requests wait for a session now. */
  onWaiting(requests: number): void;
  /** A fresh session is there: bring back what the last one had. */
  onSession(session: Session): Promise<void>;
  /** The present session has received its bytes: call {@link Link.renew} if that may be. */
  onRenewalDue(): void;
}

/** What a renewal does with the sessions' contents. */
export interface Move {
  /** Sets all up on the fresh session. Where it rejects, the old session goes on. */
  bringOver(fresh: Session): Promise<void>;
  /** From now on the fresh session is the one. */
  switched(): void;
  /** The old session goes on. */
  givenUp(): void;
}

interface Waiting {
  go(session: Session): void;
  fail(error: SkywaveError): void;
}

interface Held {
  readonly session: Session;
  readonly welcome: Welcome;
  readonly gate: Gate;
}

/** Keeps one session up, for as long as trying again can help. */
export class Link {
  readonly clock = new SteadyClock();
  /** Sessions so far. */
  sessions = 0;
  readonly #backoff: Backoff;
  #held: Held | undefined;
  // Requests that wait for a session. Full: the newest is refused with `queue-full`.
  #waiting: Waiting[] = [];
  #underWay = 0;
  #onQuiet: () => void = () => undefined;
  #running: Promise<Welcome> | undefined;
  #renewing: Promise<void> | undefined;
  /** The part of a renewal in which no request may be put to either session. */
  #moving: Promise<void> | undefined;
  // Requests that wait for that part to end; they count as waiting for a session.
  #heldUp = 0;
  #renewAtBytes: number;
  #stopped = new SkywaveError("disconnected", "not connected yet");
  /** Ends the wait between two attempts, or for a session, when the application disconnects. */
  #stop: ((why: SkywaveError) => void) | undefined;

  constructor(
    private readonly options: LinkOptions,
    private readonly hooks: LinkHooks,
  ) {
    this.#backoff = new Backoff(options.random);
    this.#renewAtBytes = options.renewAfterBytes;
  }

  /** The present session, unless it is known to have ended. */
  get session(): Session | undefined {
    return this.#held?.session;
  }

  /** Requests that wait for a session. */
  get waiting(): number {
    return this.#waiting.length + this.#heldUp;
  }

  /** Resolves with the first session; rejects where trying again cannot help. */
  start(): Promise<Welcome> {
    this.#running ??= new Promise((resolve, reject) => {
      const stopping = new Promise<SkywaveError>((stop) => (this.#stop = stop));
      void this.#run(stopping, resolve).then((why) => {
        this.#running = undefined;
        this.#stop = undefined;
        this.#stopped = why;
        this.#backoff.reset();
        for (const waiting of this.#takeWaiting()) waiting.fail(why);
        this.hooks.onStatus({ state: "closed", reason: why });
        reject(why);
      });
    });
    return this.#running;
  }

  /** Ends the session, and opens no other. */
  stop(): void {
    this.#stop?.(new SkywaveError("disconnected", "the application disconnected"));
  }

  /**
   * Does something with the session, waiting for one where there is none, and again
   * with the next one where it was lost on the way. A renewal is waited for.
   */
  async run<T>(action: (session: Session) => Promise<T>): Promise<T> {
    for (;;) {
      if (this.#moving) await this.#untilMoved();
      const session = this.session ?? (await this.#nextSession());
      this.#underWay += 1;
      try {
        return await action(session);
      } catch (error) {
        const why = asSkywaveError(error, "lost");
        if (why.code !== "lost" || !(await isEnding(session, this.options.time))) throw why;
        if (this.session === session) this.#held = undefined;
      } finally {
        this.#underWay -= 1;
        if (this.#underWay === 0) this.#onQuiet();
      }
    }
  }

  /** Resolves once nothing is being moved to a fresh session. */
  async settled(): Promise<void> {
    while (this.#moving) await this.#moving.catch(ignore);
  }

  /**
   * Moves to a fresh session, and closes the present one after that; without a session,
   * waits for the next one.
   *
   * @throws SkywaveError No fresh session came about, or not all could be moved. The
   * present one goes on, unless it was lost.
   */
  renew(move: Move): Promise<void> {
    const old = this.#held;
    if (!old) return this.#nextSession().then(() => undefined);
    this.#renewing ??= this.#renew(old, move).finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  async #renew(old: Held, move: Move): Promise<void> {
    const opening = this.#open("held");
    const fresh = await Promise.race([opening, old.session.ended]).catch((error: unknown) => {
      throw asSkywaveError(error, "connect");
    });
    if (fresh instanceof SkywaveError) {
      void opening.then(close, ignore);
      throw fresh;
    }
    this.#moving = this.#move(old, fresh, move).finally(() => (this.#moving = undefined));
    await this.#moving;
  }

  async #move(old: Held, fresh: Held, move: Move): Promise<void> {
    try {
      await this.#quiet();
      const ended = Promise.race([old.session.ended, fresh.session.ended]);
      const why = await Promise.race([move.bringOver(fresh.session), ended]);
      if (why) throw why;
    } catch (error) {
      fresh.session.close();
      move.givenUp();
      throw asSkywaveError(error, "lost");
    }
    old.gate.shut();
    this.#hold(fresh);
    move.switched();
    fresh.gate.open();
    old.session.close();
  }

  /** Waits until the requests that are under way have their answers. */
  async #quiet(): Promise<void> {
    if (this.#underWay === 0) return;
    const quiet = new Promise<void>((resolve) => (this.#onQuiet = resolve));
    await Promise.race([quiet, pause(this.options.time, QUIET_PATIENCE_MS)]);
    if (this.#underWay > 0) throw new SkywaveError("no-answer", "requests are under way");
  }

  async #untilMoved(): Promise<void> {
    this.#checkRoom();
    this.#heldUp += 1;
    try {
      await this.settled();
    } finally {
      this.#heldUp -= 1;
    }
  }

  #nextSession(): Promise<Session> {
    if (!this.#running) return Promise.reject(this.#stopped);
    return new Promise((go, fail) => {
      this.#checkRoom();
      this.#waiting.push({ go, fail });
      this.hooks.onWaiting(this.waiting);
    });
  }

  #checkRoom(): void {
    if (this.waiting < this.options.maxQueued) return;
    const words = `${this.waiting} requests wait for a session already`;
    throw new SkywaveError("queue-full", words);
  }

  #takeWaiting(): Waiting[] {
    const waiting = this.#waiting.splice(0);
    if (waiting.length > 0) this.hooks.onWaiting(this.waiting);
    return waiting;
  }

  /** Goes on until it is stopped or trying again cannot help; gives why. */
  async #run(
    stopping: Promise<SkywaveError>,
    onFirst: (welcome: Welcome) => void,
  ): Promise<SkywaveError> {
    this.hooks.onStatus({ state: "connecting" });
    for (;;) {
      const why = await this.#once(stopping, onFirst);
      if (!this.#mayTryAgain(why)) return why;
      const retryInMs = this.#backoff.wait();
      this.hooks.onStatus({ state: "reconnecting", reason: why, retryInMs });
      const stop = await Promise.race([pause(this.options.time, retryInMs), stopping]);
      if (stop) return stop;
    }
  }

  /** From a session's beginning to its end, or that of the last one that renewed it; gives why. */
  async #once(
    stopping: Promise<SkywaveError>,
    onFirst: (welcome: Welcome) => void,
  ): Promise<SkywaveError> {
    let held: Held | undefined;
    try {
      const opening = this.#open("open");
      const opened = await Promise.race([opening, stopping]);
      if (opened instanceof SkywaveError) {
        void opening.then(close, ignore);
        return opened;
      }
      held = opened;
      const since = this.options.time.now();
      await Promise.race([this.hooks.onSession(held.session), held.session.ended, stopping]);
      if (!held.session.whyEnded) {
        this.#hold(held);
        onFirst(held.welcome);
        for (const waiting of this.#takeWaiting()) waiting.go(held.session);
      }
      for (;;) {
        const why = await Promise.race([held.session.ended, stopping]);
        const next = this.#held;
        if (next && next !== held && held.session.whyEnded) {
          held = next;
          continue;
        }
        if (this.options.time.now() - since >= GOOD_SESSION) this.#backoff.reset();
        return why;
      }
    } catch (error) {
      return asSkywaveError(error, "connect");
    } finally {
      this.#held = undefined;
      held?.session.close();
    }
  }

  #hold(held: Held): void {
    this.#held = held;
    this.#renewAtBytes = this.options.renewAfterBytes;
    this.hooks.onStatus({ state: "connected", welcome: held.welcome });
  }

  async #open(state: "held" | "open"): Promise<Held> {
    const gate = new Gate(state, (event) => {
      this.hooks.onEvent(event);
    });
    const opened = await openSession(this.options, {
      onEvent: (session, event) => {
        if (!gate.tell(event)) session.close();
      },
      onClock: (estimate, now) => {
        if (gate.isOpen) this.clock.follow(estimate, now);
      },
      onFault: (session, channelId, fault) => {
        this.hooks.onFault(session, channelId, fault);
      },
      onReceived: (session) => {
        if (session !== this.session || session.receivedBytes < this.#renewAtBytes) return;
        this.#renewAtBytes = session.receivedBytes + RENEW_AGAIN_BYTES;
        this.hooks.onRenewalDue();
      },
    });
    this.sessions += 1;
    return { ...opened, gate };
  }

  #mayTryAgain(why: SkywaveError): boolean {
    const hasFreshToken = typeof this.options.token === "function";
    return why.isPassing || (hasFreshToken && why.code === "token-expired");
  }
}

/** Whether a session that failed somewhere has ended, or does so in a moment. */
export async function isEnding(
  session: Session,
  time: LinkOptions["time"],
): Promise<boolean> {
  await Promise.race([session.ended, pause(time, ENDING_MOMENT_MS)]);
  return session.whyEnded !== undefined;
}

function close(late: Held): void {
  late.session.close();
}

function ignore(): void {
  // It failed, and nobody waits for it any more.
}
