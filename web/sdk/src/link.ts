import { Backoff } from "./backoff.js";
import type { RelayEvent, Welcome } from "./control.js";
import { asSkywaveError, SkywaveError } from "./errors.js";
import { Session } from "./session.js";
import { pause, type Time } from "./time.js";
import type { Connect, ConnectOptions } from "./transport.js";

/** How long a session may take to come about, in ms. */
const CONNECT_PATIENCE_MS = 15_000;
/** A stream may break so long before its session is known to have ended, in ms. */
const ENDING_MOMENT_MS = 1_000;
/** A session that held so long, in µs, was a good one: the next wait is a short one. */
const GOOD_SESSION = 5_000_000;

/** How the client is connected. */
export type ConnectionStatus =
  /** The first session is being opened. */
  | { readonly state: "connecting" }
  | { readonly state: "connected"; readonly welcome: Welcome }
  /** There is no session; the next attempt comes after the wait. */
  | { readonly state: "reconnecting"; readonly reason: SkywaveError; readonly retryInMs: number }
  /** There is no session and none will come by itself; `reason` says why. */
  | { readonly state: "closed"; readonly reason: SkywaveError };

export interface LinkOptions extends ConnectOptions {
  readonly token: string | (() => string | Promise<string>) | undefined;
  readonly subject: string | undefined;
  readonly client: string;
  readonly connect: Connect;
  readonly time: Time;
  readonly random: () => number;
  readonly maxQueued: number;
}

export interface LinkHooks {
  onStatus(status: ConnectionStatus): void;
  onEvent(event: RelayEvent): void;
  /** A fresh session is there: bring back what the last one had. */
  onSession(session: Session): Promise<void>;
}

interface Waiting {
  go(session: Session): void;
  fail(error: SkywaveError): void;
}

/** Keeps one session up, for as long as trying again can help. */
export class Link {
  session: Session | undefined;
  readonly #backoff: Backoff;
  // Requests that wait for a session. Full: the newest is refused with `queue-full`.
  #waiting: Waiting[] = [];
  #running: Promise<Welcome> | undefined;
  #stopped = new SkywaveError("disconnected", "not connected yet");
  /** Ends the wait between two attempts, or for a session, when the application disconnects. */
  #stop: ((why: SkywaveError) => void) | undefined;

  constructor(
    private readonly options: LinkOptions,
    private readonly hooks: LinkHooks,
  ) {
    this.#backoff = new Backoff(options.random);
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
        for (const waiting of this.#waiting.splice(0)) waiting.fail(why);
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
   * with the next one where it was lost on the way.
   */
  async run<T>(action: (session: Session) => Promise<T>): Promise<T> {
    for (;;) {
      const session = this.session ?? (await this.#nextSession());
      try {
        return await action(session);
      } catch (error) {
        const why = asSkywaveError(error, "lost");
        if (why.code !== "lost" || !(await isEnding(session, this.options.time))) throw why;
        if (this.session === session) this.session = undefined;
      }
    }
  }

  #nextSession(): Promise<Session> {
    if (!this.#running) return Promise.reject(this.#stopped);
    if (this.#waiting.length >= this.options.maxQueued) {
      const words = `${this.#waiting.length} requests wait for a session already`;
      return Promise.reject(new SkywaveError("queue-full", words));
    }
    return new Promise((go, fail) => this.#waiting.push({ go, fail }));
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

  /** One session from its beginning to its end; gives why it ended. */
  async #once(
    stopping: Promise<SkywaveError>,
    onFirst: (welcome: Welcome) => void,
  ): Promise<SkywaveError> {
    let session: Session | undefined;
    try {
      const opening = this.#open();
      const opened = await Promise.race([opening, stopping]);
      if (opened instanceof SkywaveError) {
        void opening.then(({ session: late }) => {
          late.close();
        }, ignore);
        return opened;
      }
      session = opened.session;
      const since = this.options.time.now();
      await Promise.race([this.hooks.onSession(session), session.ended, stopping]);
      if (!session.whyEnded) {
        this.session = session;
        this.hooks.onStatus({ state: "connected", welcome: opened.welcome });
        onFirst(opened.welcome);
        for (const waiting of this.#waiting.splice(0)) waiting.go(session);
      }
      const why = await Promise.race([session.ended, stopping]);
      if (this.options.time.now() - since >= GOOD_SESSION) this.#backoff.reset();
      return why;
    } catch (error) {
      return asSkywaveError(error, "connect");
    } finally {
      this.session = undefined;
      session?.close();
    }
  }

  async #open(): Promise<{ session: Session; welcome: Welcome }> {
    const { options } = this;
    const token = typeof options.token === "function" ? await options.token() : options.token;
    const opening = options.connect(options);
    const inTime = await Promise.race([
      opening,
      pause(options.time, CONNECT_PATIENCE_MS).then(() => undefined),
    ]);
    if (!inTime) {
      void opening.then((late) => {
        late.close();
      }, ignore);
      throw new SkywaveError("connect", `cannot connect to ${options.url}: no answer`);
    }
    const identity = {
      client: options.client,
      ...(token === undefined ? {} : { token }),
      ...(options.subject === undefined ? {} : { subject: options.subject }),
    };
    return Session.begin(inTime, identity, options.time, this.hooks.onEvent.bind(this.hooks));
  }

  #mayTryAgain(why: SkywaveError): boolean {
    const hasFreshToken = typeof this.options.token === "function";
    return why.isPassing || (hasFreshToken && why.code === "token-expired");
  }
}

/** Whether a session that failed somewhere has ended, or does so in a moment. */
export async function isEnding(session: Session, time: Time): Promise<boolean> {
  await Promise.race([session.ended, pause(time, ENDING_MOMENT_MS)]);
  return session.whyEnded !== undefined;
}

function ignore(): void {
  // It failed, and nobody waits for it any more.
}
