import type { Delivery, Requests } from "./control.js";
import { fetchRelay, type FetchRelay } from "./discovery.js";
import { renewalBytes } from "./engine.js";
import { SkywaveError } from "./errors.js";
import type { Frame } from "./group.js";
import type { LinkOptions } from "./link.js";
import type { Place } from "./opening.js";
import { systemTime, type Time } from "./time.js";
import { connectWebTransport, type Connect, type ConnectOptions } from "./transport.js";

/** Options of a `SkywaveClient`: one of `relay` and `url`, and what else is wanted. */
export interface ClientOptions {
  /**
   * The address of the relay's pages, such as `location.origin`. They are asked before
   * each session where the relay is and which certificate it has.
   */
  readonly relay?: string | undefined;
  /** The relay's own WebTransport URL. */
  readonly url?: string | undefined;
  /** Beside `url`: SHA-256 of certificates to trust, as in {@link ConnectOptions}. */
  readonly certificateHashes?: ConnectOptions["certificateHashes"];
  /** How a relay's pages are asked; default the browser's `fetch`. */
  readonly fetchRelay?: FetchRelay;
  /** A JSON Web Token, or a function that gives a fresh one for each session. */
  readonly token?: string | (() => string | Promise<string>);
  /** On an open relay, the name to go by. */
  readonly subject?: string;
  /** Program and version, for the relay's logs. */
  readonly client?: string;
  /** Requests that may wait while there is no session; default 64. */
  readonly maxQueued?: number;
  /**
   * Bytes received in one session after which the client moves to a fresh one by
   * itself, as by `SkywaveClient.renew`; `Infinity`: never. By default 12 MiB in
   * WebKit, where delivery is reported to stop after some 16 MiB, and never elsewhere.
   */
  readonly renewAfterBytes?: number;
  /** What the browser calls itself, to know WebKit by; default `navigator.userAgent`. */
  readonly userAgent?: string;
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
  /** How long frames wait for a missing one before them; default 200 ms. */
  readonly patienceMs?: number;
  /** Takes each frame as it comes, in order. Without it, iterate over the channel. */
  readonly onFrame?: (frame: Frame) => void;
}

/**
 * The options with their defaults.
 *
 * @throws SkywaveError `setup`: not exactly one of `relay` and `url` is given.
 */
export function linkOptions(options: ClientOptions): LinkOptions {
  return {
    place: placeOf(options),
    token: options.token,
    subject: options.subject,
    client: options.client ?? "@skywave/client",
    connect: options.connect ?? connectWebTransport,
    time: options.time ?? systemTime,
    random: options.random ?? Math.random,
    maxQueued: options.maxQueued ?? 64,
    renewAfterBytes: options.renewAfterBytes ?? renewalBytes(options.userAgent ?? ownUserAgent()),
  };
}

/** The fields of the request to join. */
export function joinFields(options: JoinOptions): Requests["stream:join"] {
  const { onFrame, patienceMs, ...fields } = options;
  return fields;
}

function ownUserAgent(): string {
  return "navigator" in globalThis ? navigator.userAgent : "";
}

function placeOf({ relay, url, certificateHashes = [], ...options }: ClientOptions): Place {
  if (url !== undefined && relay === undefined) return { url, certificateHashes };
  if (relay !== undefined && url === undefined) {
    return { relay, fetchRelay: options.fetchRelay ?? fetchRelay };
  }
  throw new SkywaveError("setup", "a client needs one of the options relay and url");
}
