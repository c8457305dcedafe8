import type { Fields, Show } from "./control.js";

/** Rows that are put together of one picture of a relay; what comes past it is left out. */
const MAX_ROWS = 65_536;

/** The audience of one channel. */
export interface Audience {
  readonly channelId: string;
  readonly listeners: number;
}

/** How a relay does as a whole. */
export interface RelayStatus {
  /** Its name and version. */
  readonly server: string;
  /** Since when it runs, ms of Unix time. */
  readonly startedAt: number;
  /** When this was so, ms of Unix time. */
  readonly now: number;
  readonly sessions: number;
  readonly listeners: number;
  /** Broadcasts on the air. */
  readonly streams: number;
  /** Bytes of audio handed to listeners since the start. */
  readonly bytesOut: number;
}

/** A broadcast as its relay's operators see it. */
export interface StreamStatus extends Show {
  readonly channelId: string;
  readonly streamId: number;
  /** Its owner. */
  readonly subject: string;
  /** The publisher's session, while one is there. */
  readonly session?: number;
  /** Since when, ms of Unix time. */
  readonly startedAt: number;
  /** `waiting`: the publisher was lost, and may come back within the grace period. */
  readonly state: "live" | "waiting";
  /** Bitrate of the last seconds, kbit/s. */
  readonly kbps: number;
  /** ms since the last frame came. */
  readonly lagMs: number;
  readonly listeners: number;
  /** Frames that were left out for slow listeners, since the start. */
  readonly skippedFrames: number;
  readonly trackName?: string;
  readonly artistName?: string;
}

/**
 * Something that happened at a relay. The kinds of today: `session-began`,
 * `session-ended`, `stream-started`, `stream-stopped`, `publisher-lost`,
 * `publisher-returned`, `taken-over`, `refused`, and `dropped` where some had to be left out.
 */
export interface RelayIncident {
  /** When, ms of Unix time. */
  readonly at: number;
  readonly kind: string;
  readonly channelId?: string;
  readonly session?: number;
  readonly subject?: string;
  /** What happened, in words. */
  readonly message: string;
}

/** A session of a relay, as its operators see it. */
export interface SessionStatus {
  readonly session: number;
  readonly subject: string;
  readonly role: string;
  /** Program and version, as the client gave them. */
  readonly client?: string;
  readonly address: string;
  /** Since when, ms of Unix time. */
  readonly since: number;
  readonly publishing: boolean;
  readonly listening: boolean;
  readonly delivery?: string;
  readonly latencyMs?: number;
  readonly roundTripMs?: number;
  /** Frames that were left out for it. */
  readonly skippedFrames?: number;
}

/** The answer to `session:list`, in the order of the session numbers. */
export interface SessionPage {
  readonly sessions: readonly SessionStatus[];
  /** There are more: ask again, with the last number as `after`. */
  readonly more: boolean;
}

export function readAudience(fields: Fields): Audience {
  return { channelId: fields.text("channelId"), listeners: fields.number("listeners") };
}

export function readRelayStatus(fields: Fields): RelayStatus {
  return {
    server: fields.text("server"),
    startedAt: fields.number("startedAt"),
    now: fields.number("now"),
    sessions: fields.number("sessions"),
    listeners: fields.number("listeners"),
    streams: fields.number("streams"),
    bytesOut: fields.number("bytesOut"),
  };
}

export function readStreamStatus(fields: Fields): StreamStatus {
  return {
    channelId: fields.text("channelId"),
    streamId: fields.number("streamId"),
    subject: fields.text("subject"),
    startedAt: fields.number("startedAt"),
    state: fields.text("state") === "waiting" ? "waiting" : "live",
    kbps: fields.number("kbps"),
    lagMs: fields.number("lagMs"),
    listeners: fields.number("listeners"),
    skippedFrames: fields.number("skippedFrames"),
    ...fields.someNumbers("session"),
    ...fields.show(),
    ...fields.someTexts("trackName", "artistName"),
  };
}

export function readIncident(fields: Fields): RelayIncident {
  return {
    at: fields.number("at"),
    kind: fields.text("kind"),
    message: fields.optionalText("message") ?? "",
    ...fields.someNumbers("session"),
    ...fields.someTexts("channelId", "subject"),
  };
}

export function readSessionPage(fields: Fields): SessionPage {
  return { sessions: fields.list("sessions").map(readSession), more: fields.boolean("more") };
}

function readSession(fields: Fields): SessionStatus {
  return {
    session: fields.number("session"),
    subject: fields.text("subject"),
    role: fields.text("role"),
    address: fields.text("address"),
    since: fields.number("since"),
    publishing: fields.boolean("publishing"),
    listening: fields.boolean("listening"),
    ...fields.someNumbers("latencyMs", "roundTripMs", "skippedFrames"),
    ...fields.someTexts("client", "delivery"),
  };
}

/** Puts a list together that comes in several lines. */
export class Rows<Row> {
  #rows: Row[] = [];

  /** Takes a line's rows in; gives them all with the last line. */
  add(rows: readonly Row[], isLast: boolean): readonly Row[] | undefined {
    this.#rows.push(...rows.slice(0, MAX_ROWS - this.#rows.length));
    return isLast ? this.#rows.splice(0) : undefined;
  }

  /** What came so far belongs to a session that has ended. */
  clear(): void {
    this.#rows = [];
  }
}
