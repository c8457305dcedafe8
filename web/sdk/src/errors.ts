/** Why bytes of a peer could not be read. The names are those of the shared wire vectors. */
export type WireRefusal =
  | "truncated"
  | "too-large"
  | "unknown-kind"
  | "trailing"
  | "empty"
  | "not-text";

/** Bytes or a line that break the protocol. */
export class WireError extends Error {
  override readonly name = "WireError";

  /**
   * @param refusal What kind of fault it is, for programs.
   * @param message What was wrong, and in which field, for people.
   */
  constructor(
    readonly refusal: WireRefusal,
    message: string,
  ) {
    super(message);
  }
}

/** The codes that a relay gives (docs/protocol.md, section 9). */
export type RelayCode =
  | "malformed"
  | "unknown-type"
  | "bad-field"
  | "hello-expected"
  | "hello-timeout"
  | "version-unsupported"
  | "token-missing"
  | "token-invalid"
  | "token-expired"
  | "forbidden"
  | "unknown-channel"
  | "channel-busy"
  | "already-joined"
  | "not-joined"
  | "not-publishing"
  | "taken-over"
  | "ended-by-admin"
  | "unknown-session"
  | "not-mp3"
  | "bad-stream"
  | "limit-reached"
  | "too-slow"
  | "draining"
  | "internal";

/**
 * The codes that this library gives by itself.
 *
 * - `setup`: an option cannot be used
 * - `unsupported`: this browser has no WebTransport
 * - `connect`: no session came about
 * - `lost`: the session ended
 * - `no-answer`: the relay left a request without an answer
 * - `protocol`: the relay sent what it must not send
 * - `disconnected`: the application ended it
 * - `queue-full`: too many requests wait for a session
 * - `on-the-air`: a session that broadcasts is not renewed
 */
export type LocalCode =
  | "setup"
  | "unsupported"
  | "connect"
  | "lost"
  | "no-answer"
  | "protocol"
  | "disconnected"
  | "queue-full"
  | "on-the-air";

const RELAY_CODES: ReadonlySet<string> = new Set<RelayCode>([
  "malformed",
  "unknown-type",
  "bad-field",
  "hello-expected",
  "hello-timeout",
  "version-unsupported",
  "token-missing",
  "token-invalid",
  "token-expired",
  "forbidden",
  "unknown-channel",
  "channel-busy",
  "already-joined",
  "not-joined",
  "not-publishing",
  "taken-over",
  "ended-by-admin",
  "unknown-session",
  "not-mp3",
  "bad-stream",
  "limit-reached",
  "too-slow",
  "draining",
  "internal",
]);

const PASSING: ReadonlySet<string> = new Set<RelayCode | LocalCode>([
  "connect",
  "lost",
  "no-answer",
  "draining",
  "limit-reached",
  "too-slow",
  "hello-timeout",
  "unknown-channel",
  "channel-busy",
  "not-publishing",
  "internal",
]);

/** Why something with a relay failed. */
export class SkywaveError extends Error {
  override readonly name = "SkywaveError";

  /**
   * @param code For programs. Codes of the relay that this version does not know read `internal`.
   * @param message For people: what was wrong.
   */
  constructor(
    readonly code: RelayCode | LocalCode,
    message: string,
  ) {
    super(message);
  }

  /** Whether trying again, with a fresh session, may help. */
  get isPassing(): boolean {
    return PASSING.has(this.code);
  }
}

/** A code as a relay wrote it; an unknown one counts as `internal` (section 9). */
export function relayCode(text: unknown): RelayCode {
  return typeof text === "string" && RELAY_CODES.has(text) ? (text as RelayCode) : "internal";
}

/** What a `catch` caught, as an error of this library. */
export function asSkywaveError(caught: unknown, otherwise: LocalCode): SkywaveError {
  if (caught instanceof SkywaveError) return caught;
  if (caught instanceof WireError) return new SkywaveError("protocol", caught.message);
  const words = caught instanceof Error ? caught.message : String(caught);
  return new SkywaveError(otherwise, words);
}
