import { tagLength } from "./mp3-frames.js";

/** Most bytes of a tag that are looked at: names come before pictures in practice, not always. */
export const TAG_LIMIT = 4 * 1024 * 1024;

/** Longest name that is kept, in characters; the relay takes 8,192 bytes. */
const NAME_LIMIT = 500;

/** A file's own words on what it is. */
export interface Tags {
  readonly title?: string;
  readonly artist?: string;
  readonly album?: string;
}

type Field = keyof Tags;

const FIELDS = new Map<string, Field>([
  ["TIT2", "title"],
  ["TPE1", "artist"],
  ["TALB", "album"],
  ["TT2", "title"],
  ["TP1", "artist"],
  ["TAL", "album"],
]);

/**
 * Reads an ID3v2.2, 2.3 or 2.4 tag (id3.org) at the front of a file. What cannot be read is
 * left out.
 *
 * @param bytes At least the tag, or as much of it as is wanted.
 */
export function readId3v2(bytes: Uint8Array): Tags {
  const whole = tagLength(bytes);
  const version = bytes[3] ?? 0;
  if (whole === 0 || version < 2 || version > 4) return {};
  const flags = bytes[5] ?? 0;
  const isUnsynchronized = (flags & 0x80) !== 0;
  let body = bytes.subarray(10, Math.min(bytes.length, whole));
  // In 2.4 each frame says so for itself, and its size counts the bytes as they are written.
  if (isUnsynchronized && version < 4) body = synchronized(body);
  const names: Partial<Record<Field, string>> = {};
  const idLength = version === 2 ? 3 : 4;
  const headLength = version === 2 ? 6 : 10;
  let at = version > 2 && flags & 0x40 ? extendedLength(body, version) : 0;
  while (at + headLength <= body.length && body[at] !== 0) {
    const id = latin1(body.subarray(at, at + idLength));
    const size = sizeAt(body, at + idLength, version);
    const format = version === 4 ? (body[at + 9] ?? 0) : 0;
    at += headLength;
    const field = FIELDS.get(id);
    if (field && names[field] === undefined && at + size <= body.length) {
      const text = frameText(body.subarray(at, at + size), format);
      if (text !== "") names[field] = text;
    }
    at += size;
  }
  return names;
}

/** Reads the ID3v1 tag in a file's last 128 bytes. */
export function readId3v1(bytes: Uint8Array): Tags {
  const tag = bytes.subarray(-128);
  if (tag.length < 128 || latin1(tag.subarray(0, 3)) !== "TAG") return {};
  const text = (from: number) => tidy(latin1(tag.subarray(from, from + 30)));
  const names = { title: text(3), artist: text(33), album: text(63) };
  return Object.fromEntries(Object.entries(names).filter(([, name]) => name !== ""));
}

function sizeAt(bytes: Uint8Array, at: number, version: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4);
  if (version === 2) return (a << 16) | (b << 8) | c;
  if (version === 3) return a * 2 ** 24 + ((b << 16) | (c << 8) | d);
  // Some programs write plain sizes into 2.4 tags; a high bit gives them away.
  if ((a | b | c | d) & 0x80) return a * 2 ** 24 + ((b << 16) | (c << 8) | d);
  return (a << 21) | (b << 14) | (c << 7) | d;
}

function extendedLength(body: Uint8Array, version: number): number {
  const size = sizeAt(body, 0, version);
  return version === 3 ? size + 4 : size;
}

function frameText(content: Uint8Array, format: number): string {
  const isCompressedOrEncrypted = (format & 0x0c) !== 0;
  if (isCompressedOrEncrypted) return "";
  let bytes = (format & 0x01) === 0 ? content : content.subarray(4);
  if (format & 0x02) bytes = synchronized(bytes);
  const text = bytes.subarray(1);
  switch (bytes[0]) {
    case 0:
      return tidy(latin1(text));
    case 1:
      return tidy(utf16(text));
    case 2:
      return tidy(new TextDecoder("utf-16be").decode(text));
    case 3:
      return tidy(new TextDecoder().decode(text));
    default:
      return "";
  }
}

function utf16(bytes: Uint8Array): string {
  const isBig = bytes[0] === 0xfe && bytes[1] === 0xff;
  return new TextDecoder(isBig ? "utf-16be" : "utf-16le").decode(bytes);
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 4096));
}

/** Several values are kept apart by a zero; control characters are not for the relay. */
function tidy(text: string): string {
  const values = text.split("\0").map((value) => value.replace(/\p{Cc}/gu, " ").trim());
  return values
    .filter((value) => value !== "")
    .join(", ")
    .slice(0, NAME_LIMIT);
}

/** Undoes the unsynchronisation scheme: a zero behind each 0xFF was put in. */
function synchronized(bytes: Uint8Array): Uint8Array {
  return bytes.filter((byte, index) => !(byte === 0 && bytes[index - 1] === 0xff));
}
