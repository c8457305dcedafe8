import { describe, expect, it } from "vitest";
import vectors from "../../../crates/wire/tests/vectors.json";
import { decodeMessage, encodeRequest, LineCutter, readAnswer } from "../src/control.js";
import type { Requests } from "../src/control.js";
import { decodeDatagram, encodeAck, encodePing } from "../src/datagram.js";
import { WireError } from "../src/errors.js";
import { decodeGroup, type Frame } from "../src/group.js";
import { AudioReader, ingestHeader } from "../src/stream.js";
import { getVarint, putVarint } from "../src/varint.js";

const unhex = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

const hex = (bytes: Iterable<number>) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A frame or fragment as the vectors have it. */
const readable = <T extends { data: Uint8Array }>(of: T) => ({ ...of, data: hex(of.data) });
const readableFrames = (frames: Frame[]) => frames.map(readable);

function refusal(decode: () => unknown): string {
  try {
    decode();
  } catch (error) {
    if (error instanceof WireError) return error.refusal;
    throw error;
  }
  return "not refused";
}

describe("the wire vectors that the relay shares", () => {
  it.each(vectors.varints)("varint $value", ({ hex: bytes, value }) => {
    if (BigInt(value) > BigInt(Number.MAX_SAFE_INTEGER)) {
      expect(refusal(() => getVarint(unhex(bytes), 0))).toBe("too-large");
      return;
    }
    expect(getVarint(unhex(bytes), 0)).toEqual({ value: Number(value), length: bytes.length / 2 });
    const out: number[] = [];
    putVarint(out, Number(value));
    expect(hex(out)).toBe(bytes);
  });

  it.each(vectors.groups)("group: $name", ({ hex: bytes, frames }) => {
    expect(readableFrames(decodeGroup(unhex(bytes)))).toEqual(frames);
  });

  it.each(vectors.badGroups)("refused group: $name", ({ hex: bytes, refused }) => {
    expect(refusal(() => decodeGroup(unhex(bytes)))).toBe(refused);
  });

  it.each(vectors.streamHeaders)("stream header: $kind", ({ hex: bytes, kind, number }) => {
    if (kind === "ingest") {
      expect(hex(ingestHeader(number))).toBe(bytes);
      return;
    }
    const reader = new AudioReader();
    reader.push(unhex(bytes));
    expect(reader.nextGroup()).toBeUndefined();
    expect(reader.handle).toBe(number);
  });

  it.each(vectors.audioStreams)("audio stream $name", ({ pieces, handle, groups }) => {
    const reader = new AudioReader();
    const heard = [];
    for (const piece of pieces) {
      reader.push(unhex(piece));
      for (let group = reader.nextGroup(); group; group = reader.nextGroup()) {
        heard.push(readableFrames(group));
      }
    }
    expect(reader.handle).toBe(handle);
    expect(heard).toEqual(groups);
  });

  const badStreams = [...vectors.badAudioStreams, ...vectors.badStreamHeaders];
  it.each(badStreams)("refused audio stream: $name", ({ hex: bytes, refused }) => {
    const reader = new AudioReader();
    reader.push(unhex(bytes));
    expect(refusal(() => reader.nextGroup())).toBe(refused);
  });

  it.each(vectors.fromRelay)("datagram: $name", ({ hex: bytes, datagram }) => {
    const got = decodeDatagram(unhex(bytes));
    if (got.kind === "audio") {
      expect({ ...got, frames: readableFrames(got.frames) }).toEqual(datagram);
    } else {
      expect(got.kind === "fragment" ? readable(got) : got).toEqual(datagram);
    }
  });

  it.each(vectors.badFromRelay)("refused datagram: $name", ({ hex: bytes, refused }) => {
    expect(refusal(() => decodeDatagram(unhex(bytes)))).toBe(refused);
  });

  it.each(vectors.fromClient)("own datagram: $name", ({ hex: bytes, datagram }) => {
    const { kind, ...numbers } = datagram;
    const [first, second] = Object.values(numbers) as [number, number];
    const sent = kind === "ping" ? encodePing(first, second) : encodeAck(first, second);
    expect(hex(sent)).toBe(bytes);
  });

  it.each(vectors.requests)("request $type", (request) => {
    const { type, id, ...fields } = request;
    const line = encodeRequest(id, type as keyof Requests, fields as Requests[keyof Requests]);
    const text = new TextDecoder().decode(line);
    expect(text.endsWith("\n")).toBe(true);
    expect(JSON.parse(text)).toEqual(request);
  });

  it.each(vectors.messages)("message: $name", ({ line, kind, re, answers }) => {
    const message = decodeMessage(JSON.stringify(line));
    expect(message.kind).toBe(kind);
    switch (message.kind) {
      case "ok": {
        const { type, re: answered, ...fields } = line;
        expect([type, answered, message.re]).toEqual(["ok", re, re]);
        const request = (answers ?? "stream:join") as keyof Requests;
        expect(readAnswer(request, message.fields)).toEqual(fields);
        break;
      }
      case "error":
        expect(message.re).toBe(re);
        expect([message.error.code, message.error.message]).toEqual([line.code, line.message]);
        expect(message.channelId).toBe(line.channelId);
        break;
      case "event":
        expect(message.event).toEqual(line);
        break;
      case "unknown":
        expect(message.type).toBe(line.type);
    }
  });

  it.each(vectors.badMessages)("refused message: $name", ({ line }) => {
    expect(() => decodeMessage(line)).toThrow(WireError);
  });

  it.each(vectors.lines)("lines in $name", ({ pieces, cuts }) => {
    const cutter = new LineCutter();
    const lines = pieces.flatMap((piece) => cutter.push(new TextEncoder().encode(piece)));
    expect(lines).toEqual(cuts);
  });
});

describe("the line cutter", () => {
  it("refuses a line past its bound, and never holds more", () => {
    const cutter = new LineCutter();
    const kilobyte = new Uint8Array(1024).fill(120);
    for (let n = 0; n < 64; n++) expect(cutter.push(kilobyte)).toEqual([]);
    expect(refusal(() => cutter.push(kilobyte))).toBe("too-large");
  });
});
