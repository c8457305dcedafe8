import { parseTitle, type Title } from "./control.js";
import { WireError } from "./errors.js";
import { decodeGroup, MAX_FRAME_BYTES, type Frame } from "./group.js";
import { FieldReader } from "./reader.js";
import { putVarint } from "./varint.js";

/** A piece of a frame that is too large for one datagram. */
export interface Fragment {
  readonly kind: "fragment";
  /** The channel. */
  readonly handle: number;
  /** The frame's number. */
  readonly seq: number;
  /** The frame's time, µs of the relay's clock. */
  readonly time: number;
  /** As of the frame. */
  readonly discontinuity: boolean;
  /** Bytes of the whole frame. */
  readonly total: number;
  /** Where in the frame the piece belongs. */
  readonly offset: number;
  /** The piece. */
  readonly data: Uint8Array;
}

/** The answer to a ping, with both clocks in µs. */
export interface Pong {
  readonly kind: "pong";
  /** The ping's number. */
  readonly id: number;
  /** The client's time, as the ping had it. */
  readonly clientTime: number;
  /** When the relay received the ping, by its own clock. */
  readonly received: number;
  /** When the relay sent the pong. */
  readonly sent: number;
}

/** A datagram of the relay (docs/protocol.md, section 6). */
export type RelayDatagram =
  | { readonly kind: "audio"; readonly handle: number; readonly frames: Frame[] }
  | Fragment
  | {
      readonly kind: "metadata";
      readonly handle: number;
      readonly revision: number;
      readonly seq: number;
      readonly title: Title;
    }
  | {
      readonly kind: "listeners";
      readonly handle: number;
      readonly revision: number;
      readonly count: number;
    }
  | Pong;

/**
 * Reads a datagram of the relay; audio shares `bytes`.
 *
 * @throws WireError The kind is unknown, or a field is cut short or past its bound.
 * Leave such a datagram out: it may be of a later version.
 */
export function decodeDatagram(bytes: Uint8Array): RelayDatagram {
  const reader = new FieldReader(bytes);
  const kind = reader.byte("kind");
  switch (kind) {
    case 0x01:
      return { kind: "audio", handle: reader.varint("handle"), frames: decodeGroup(reader.rest()) };
    case 0x02:
      return fragment(reader);
    case 0x03:
      return {
        kind: "metadata",
        handle: reader.varint("handle"),
        revision: reader.varint("revision"),
        seq: reader.varint("sequence"),
        title: parseTitle(reader.rest()),
      };
    case 0x04: {
      const listeners = {
        kind: "listeners",
        handle: reader.varint("handle"),
        revision: reader.varint("revision"),
        count: reader.varint("count"),
      } as const;
      reader.end();
      return listeners;
    }
    case 0x05: {
      const pong = {
        kind: "pong",
        id: reader.varint("id"),
        clientTime: reader.varint("client's time"),
        received: reader.varint("received at"),
        sent: reader.varint("sent at"),
      } as const;
      reader.end();
      return pong;
    }
    default:
      throw new WireError("unknown-kind", `a datagram of unknown kind ${kind}`);
  }
}

/** A ping with the client's own time in µs, from any clock that runs evenly. */
export function encodePing(id: number, clientTime: number): Uint8Array {
  return encode(0x11, id, clientTime);
}

/** Tells the relay that metadata of this revision has arrived. */
export function encodeAck(handle: number, revision: number): Uint8Array {
  return encode(0x12, handle, revision);
}

function encode(kind: number, first: number, second: number): Uint8Array {
  const out = [kind];
  putVarint(out, first);
  putVarint(out, second);
  return Uint8Array.from(out);
}

function fragment(reader: FieldReader): Fragment {
  const handle = reader.varint("handle");
  const discontinuity = (reader.byte("flags") & 1) !== 0;
  const seq = reader.varint("sequence");
  const time = reader.varint("time");
  const total = reader.varint("frame length", MAX_FRAME_BYTES);
  const offset = reader.varint("offset", total);
  const data = reader.rest();
  if (data.length === 0) throw new WireError("empty", "a fragment is empty");
  if (offset + data.length > total) {
    throw new WireError("too-large", `a fragment ends past the frame's ${total} bytes`);
  }
  return { kind: "fragment", handle, seq, time, discontinuity, total, offset, data };
}
