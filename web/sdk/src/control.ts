import * as admin from "./admin.js";
import { relayCode, SkywaveError, WireError } from "./errors.js";

/** The protocol's name and version, as `hello` offers it. */
export const PROTOCOL = "skywave/1";
/** The longest control line, without its line end, in bytes. */
export const MAX_LINE_BYTES = 65_536;

/** What a broadcast is called. */
export interface Show {
  readonly showTitle?: string;
  readonly hostName?: string;
  readonly showType?: string;
}

/** What plays. Without any name, the title is empty. At most 8,192 bytes each. */
export interface Title {
  readonly trackName?: string;
  readonly artistName?: string;
  readonly albumName?: string;
}

/** A title with its place in the channel. */
export interface Metadata extends Title {
  /** Higher is newer. */
  readonly revision: number;
  /** The first frame for which the title holds: show it when that frame is heard. */
  readonly seq: number;
}

/** How audio comes: on one stream, or in datagrams, of which nothing is sent twice. */
export type Delivery = "stream" | "datagram";

/** A broadcast that is on the air. */
export interface ActiveStream extends Show {
  readonly channelId: string;
  readonly streamId: number;
  /** Since when, ms of Unix time. */
  readonly startedAt: number;
  /** Listeners at that moment. */
  readonly listeners: number;
}

/** The fields of each request, by its type (docs/protocol.md, section 2). */
export interface Requests {
  hello: { versions: string[]; token?: string; subject?: string; client?: string };
  "stream:join": { channelId: string; latencyMs?: number; delivery?: Delivery; wait?: boolean };
  "stream:leave": { channelId: string };
  "stream:start": { channelId: string } & Show;
  "stream:update-metadata": { channelId: string; atByte?: number } & Title;
  "stream:stop": { channelId: string; atByte?: number };
  "streams:watch": Record<string, never>;
  "relay:watch": Record<string, never>;
  "session:list": { channelId?: string; after?: number };
  "session:end": { session: number; message?: string };
  "stream:end": { channelId: string; message?: string };
  "chat:send": { channelId: string; message: string };
  heartbeat: Record<string, never>;
}

/** The answer to `hello`. */
export interface Welcome {
  readonly version: string;
  /** The relay's name and version. */
  readonly server: string;
  /** The session's number, for the relay's operators. */
  readonly session: number;
  readonly subject: string;
  /** `listener`, `owner`, `moderator` or `admin`. */
  readonly role: string;
  /** When the token, and with it the session, ends: seconds of Unix time. */
  readonly expires?: number;
}

/** The answer to `stream:join`. */
export interface Joined extends Show {
  /** Stands for the channel in streams and datagrams. */
  readonly handle: number;
  /** A publisher is there. */
  readonly live: boolean;
  readonly streamId?: number;
  readonly delivery: Delivery;
  readonly latencyMs: number;
  /** Play each frame at its time plus this. */
  readonly targetDelayMs: number;
  /** The first frame that will come. */
  readonly nextSeq: number;
  /** The titles that hold from that frame on, oldest first. */
  readonly metadata: readonly Metadata[];
  /** Listeners now, this one included. */
  readonly listeners: number;
}

/** The answer to `stream:start`. */
export interface Started {
  /** Goes into the ingest stream's header. */
  readonly streamId: number;
  /** The broadcast went on from an earlier session. */
  readonly resumed: boolean;
}

/** The answer to each request, by the request's type. */
export interface Answers {
  hello: Welcome;
  "stream:join": Joined;
  "stream:leave": undefined;
  "stream:start": Started;
  "stream:update-metadata": undefined;
  "stream:stop": undefined;
  "streams:watch": undefined;
  "relay:watch": undefined;
  "session:list": admin.SessionPage;
  "session:end": undefined;
  "stream:end": undefined;
  "chat:send": undefined;
  heartbeat: undefined;
}

/** Frames that the relay left out for this listener, which was too slow. */
export interface Skipped {
  readonly channelId: string;
  /** The first frame that was left out. */
  readonly fromSeq: number;
  /** The frame with which the audio goes on. */
  readonly toSeq: number;
  readonly frames: number;
}

/** What somebody wrote to the people of a channel. */
export interface ChatMessage {
  readonly channelId: string;
  readonly message: string;
  /** Who wrote it. */
  readonly subject?: string;
  /** When, ms of Unix time. */
  readonly at?: number;
}

/** What the relay tells without being asked (docs/protocol.md, section 3). */
export type RelayEvent =
  | { readonly type: "streams:active"; readonly streams: readonly ActiveStream[] }
  | ({ readonly type: "stream:started" } & ActiveStream)
  | { readonly type: "stream:stopped"; readonly channelId: string; readonly streamId: number }
  | { readonly type: "stream:live"; readonly channelId: string }
  | { readonly type: "stream:offline"; readonly channelId: string }
  | ({ readonly type: "stream:metadata"; readonly channelId: string } & Metadata)
  | { readonly type: "stream:listeners"; readonly channelId: string; readonly count: number }
  | ({ readonly type: "stream:skipped" } & Skipped)
  | { readonly type: "streams:listeners"; readonly streams: readonly admin.Audience[] }
  | ({ readonly type: "relay:status" } & admin.RelayStatus)
  | {
      readonly type: "relay:streams";
      readonly streams: readonly admin.StreamStatus[];
      readonly last: boolean;
    }
  | ({ readonly type: "relay:event" } & admin.RelayIncident)
  | ({ readonly type: "chat:message" } & ChatMessage)
  | { readonly type: "server:draining" };

/** A line of the relay. */
export type RelayMessage =
  | { readonly kind: "ok"; readonly re: number | undefined; readonly fields: Fields }
  | {
      readonly kind: "error";
      readonly re: number | undefined;
      readonly error: SkywaveError;
      /** The one channel that an error without `re` concerns. */
      readonly channelId: string | undefined;
    }
  | { readonly kind: "event"; readonly event: RelayEvent }
  | { readonly kind: "unknown"; readonly type: string };

/** The line of a request, with its line end. */
export function encodeRequest<T extends keyof Requests>(
  id: number,
  type: T,
  fields: Requests[T],
): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ type, id, ...fields })}\n`);
}

/**
 * Reads one line of the relay.
 *
 * @throws WireError The line is no message of a relay.
 */
export function decodeMessage(line: string): RelayMessage {
  const fields = new Fields(parseObject(line));
  const type = fields.text("type");
  if (type === "ok") return { kind: "ok", re: fields.optionalNumber("re"), fields };
  if (type === "error") {
    const words = fields.optionalText("message") ?? "";
    const error = new SkywaveError(relayCode(fields.optionalText("code")), words);
    const channelId = fields.optionalText("channelId");
    return { kind: "error", re: fields.optionalNumber("re"), error, channelId };
  }
  const event = readEvent(type, fields);
  return event ? { kind: "event", event } : { kind: "unknown", type };
}

/**
 * Reads the fields of the `ok` that answers a request of this type.
 *
 * @throws WireError A field is missing or does not fit.
 */
export function readAnswer<T extends keyof Requests>(type: T, fields: Fields): Answers[T] {
  const read: { [K in keyof Requests]: (fields: Fields) => Answers[K] } = {
    hello: readWelcome,
    "stream:join": readJoined,
    "stream:start": (f) => ({ streamId: f.number("streamId"), resumed: f.boolean("resumed") }),
    "stream:leave": () => undefined,
    "stream:update-metadata": () => undefined,
    "stream:stop": () => undefined,
    "streams:watch": () => undefined,
    "relay:watch": () => undefined,
    "session:list": admin.readSessionPage,
    "session:end": () => undefined,
    "stream:end": () => undefined,
    "chat:send": () => undefined,
    heartbeat: () => undefined,
  };
  return read[type](fields);
}

/**
 * Reads the JSON of a metadata datagram.
 *
 * @throws WireError It is no object of texts in UTF-8.
 */
export function parseTitle(json: Uint8Array): Title {
  return new Fields(parseObject(decodeUtf8(json))).title();
}

/** The fields of a JSON object, read with their types and bounds. */
export class Fields {
  constructor(private readonly object: Readonly<Record<string, unknown>>) {}

  /** @throws WireError The value is no object. */
  static of(value: unknown): Fields {
    return new Fields(asObject(value));
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.#missing(name);
  }

  optionalText(name: string): string | undefined {
    const value = this.object[name] ?? undefined;
    if (value === undefined || typeof value === "string") return value;
    throw new WireError("not-text", `${name} is no text`);
  }

  number(name: string): number {
    return this.optionalNumber(name) ?? this.#missing(name);
  }

  optionalNumber(name: string): number | undefined {
    const value = this.object[name] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    throw new WireError("too-large", `${name} is no whole number from 0 to 2^53 - 1`);
  }

  boolean(name: string): boolean {
    const value = this.object[name];
    return typeof value === "boolean" ? value : this.#missing(name);
  }

  list(name: string): Fields[] {
    const value = this.object[name];
    if (!Array.isArray(value)) return this.#missing(name);
    return value.map((item: unknown) => Fields.of(item));
  }

  texts(name: string): string[] {
    const value = this.object[name];
    const isTexts = Array.isArray(value) && value.every((item) => typeof item === "string");
    return isTexts ? value : this.#missing(name);
  }

  title(): Title {
    return this.someTexts("trackName", "artistName", "albumName");
  }

  show(): Show {
    return this.someTexts("showTitle", "hostName", "showType");
  }

  metadata(): Metadata {
    return { revision: this.number("revision"), seq: this.number("seq"), ...this.title() };
  }

  /** Those of these fields that are there. */
  someTexts<Name extends string>(...names: Name[]): Partial<Record<Name, string>> {
    return some(names, (name) => this.optionalText(name));
  }

  /** Those of these fields that are there. */
  someNumbers<Name extends string>(...names: Name[]): Partial<Record<Name, number>> {
    return some(names, (name) => this.optionalNumber(name));
  }

  #missing(name: string): never {
    throw new WireError("empty", `the field ${name} is missing or of another type`);
  }
}

/** Cuts a control stream into lines. Holds one line, and what was pushed last, at the most. */
export class LineCutter {
  #rest = new Uint8Array();

  /**
   * Feeds the next bytes: the lines that they complete. Empty lines are left out.
   *
   * @throws WireError A line is too long, or no UTF-8.
   */
  push(bytes: Uint8Array): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      const line = decodeUtf8(this.#complete(bytes.subarray(from, end)));
      const text = line.endsWith("\r") ? line.slice(0, -1) : line;
      if (text !== "") lines.push(text);
      this.#rest = new Uint8Array();
      from = end + 1;
    }
    this.#rest = this.#complete(bytes.subarray(from));
    return lines;
  }

  #complete(more: Uint8Array): Uint8Array<ArrayBuffer> {
    const line = new Uint8Array(this.#rest.length + more.length);
    if (line.length > MAX_LINE_BYTES) {
      throw new WireError("too-large", `a line has at most ${MAX_LINE_BYTES} bytes`);
    }
    line.set(this.#rest);
    line.set(more, this.#rest.length);
    return line;
  }
}

function readEvent(type: string, fields: Fields): RelayEvent | undefined {
  switch (type) {
    case "streams:active":
      return { type, streams: fields.list("streams").map(readActive) };
    case "stream:started":
      return { type, ...readActive(fields) };
    case "stream:stopped":
      return { type, channelId: fields.text("channelId"), streamId: fields.number("streamId") };
    case "stream:live":
    case "stream:offline":
      return { type, channelId: fields.text("channelId") };
    case "stream:metadata":
      return { type, channelId: fields.text("channelId"), ...fields.metadata() };
    case "stream:listeners":
      return { type, channelId: fields.text("channelId"), count: fields.number("count") };
    case "stream:skipped":
      return {
        type,
        channelId: fields.text("channelId"),
        fromSeq: fields.number("fromSeq"),
        toSeq: fields.number("toSeq"),
        frames: fields.number("frames"),
      };
    case "streams:listeners":
      return { type, streams: fields.list("streams").map(admin.readAudience) };
    case "relay:status":
      return { type, ...admin.readRelayStatus(fields) };
    case "relay:streams":
      return {
        type,
        streams: fields.list("streams").map(admin.readStreamStatus),
        last: fields.boolean("last"),
      };
    case "relay:event":
      return { type, ...admin.readIncident(fields) };
    case "chat:message":
      return {
        type,
        channelId: fields.text("channelId"),
        message: fields.text("message"),
        ...fields.someTexts("subject"),
        ...fields.someNumbers("at"),
      };
    case "server:draining":
      return { type };
    default:
      return undefined;
  }
}

function some<Name extends string, Value>(
  names: readonly Name[],
  read: (name: Name) => Value | undefined,
): Partial<Record<Name, Value>> {
  const found: Partial<Record<Name, Value>> = {};
  for (const name of names) {
    const value = read(name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function readActive(fields: Fields): ActiveStream {
  return {
    channelId: fields.text("channelId"),
    streamId: fields.number("streamId"),
    startedAt: fields.number("startedAt"),
    listeners: fields.number("listeners"),
    ...fields.show(),
  };
}

function readWelcome(fields: Fields): Welcome {
  const expires = fields.optionalNumber("expires");
  return {
    version: fields.text("version"),
    server: fields.text("server"),
    session: fields.number("session"),
    subject: fields.text("subject"),
    role: fields.text("role"),
    ...(expires === undefined ? {} : { expires }),
  };
}

function readJoined(fields: Fields): Joined {
  const streamId = fields.optionalNumber("streamId");
  return {
    handle: fields.number("handle"),
    live: fields.boolean("live"),
    ...(streamId === undefined ? {} : { streamId }),
    delivery: fields.text("delivery") === "datagram" ? "datagram" : "stream",
    latencyMs: fields.number("latencyMs"),
    targetDelayMs: fields.number("targetDelayMs"),
    nextSeq: fields.number("nextSeq"),
    metadata: fields.list("metadata").map((title) => title.metadata()),
    listeners: fields.number("listeners"),
    ...fields.show(),
  };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new WireError("not-text", "a message is no JSON");
  }
  return asObject(value);
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new WireError("not-text", "a message is no JSON object");
  }
  return value as Readonly<Record<string, unknown>>;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new WireError("not-text", "a text is no UTF-8");
  }
}
