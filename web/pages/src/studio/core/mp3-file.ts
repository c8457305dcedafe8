import { FrameCutter, tagLength, type FrameHeader, type Mp3Frame } from "./mp3-frames.js";
import { mp3Info, trimOf, type Mp3Info, type Trim } from "./mp3-info.js";
import { readId3v1, readId3v2, TAG_LIMIT, type Tags } from "./tags.js";

/** Bytes that are read from a file at once. */
export const SLICE = 64 * 1024;

/** How far into a file the first frame may be, its tag not counted. */
const SEARCH_LIMIT = 512 * 1024;

/** What is read of a `Blob`. */
export interface Readable {
  readonly size: number;
  slice(from: number, to: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** What is known of an MP3 file by its first bytes. */
export interface Mp3Facts {
  readonly tags: Tags;
  /** Where the audio begins, in bytes. */
  readonly audioAt: number;
  readonly header: FrameHeader;
  readonly info: Mp3Info | undefined;
  /** Seconds; of a file that does not say, by its size and its first bit rate. */
  readonly duration: number;
}

/** Reads a file's tags, whatever it is. */
export async function readTags(file: Readable): Promise<Tags> {
  const length = tagLength(await read(file, 0, 10));
  const front = length > 0 ? readId3v2(await read(file, 0, Math.min(length, TAG_LIMIT))) : {};
  if (front.title !== undefined) return front;
  return { ...readId3v1(await read(file, Math.max(0, file.size - 128), file.size)), ...front };
}

/** Reads what the front of an MP3 file tells; `undefined` where no frame is found in it. */
export async function readMp3(file: Readable): Promise<Mp3Facts | undefined> {
  const audioAt = tagLength(await read(file, 0, 10));
  for await (const { header, bytes } of frames(file, audioAt, audioAt + SEARCH_LIMIT)) {
    const info = mp3Info(header, bytes);
    const kbps = header.kbps;
    const count = info?.frames ?? ((file.size - audioAt) * 8) / kbps / 1000 / secondsOf(header);
    const trim = trimOf(info, count, header.samples);
    const duration = trim.length / header.sampleRate;
    return { tags: await readTags(file), audioAt, header, info, duration };
  }
  return undefined;
}

/** The sound's place among the decoded samples; counts the frames where the file does not say. */
export async function measure(file: Readable, facts: Mp3Facts): Promise<Trim> {
  const { samples } = facts.header;
  let count = facts.info?.frames;
  if (count === undefined) {
    count = 0;
    for await (const { header } of soundFrames(file, facts)) count += header.samples / samples;
  }
  return trimOf(facts.info, count, samples);
}

/** The file's sound, frame by frame, the info frame left out. */
export async function* soundFrames(file: Readable, facts: Mp3Facts): AsyncGenerator<Mp3Frame> {
  let isFirst = true;
  for await (const frame of frames(file, facts.audioAt, file.size)) {
    const isInfo = isFirst && facts.info !== undefined;
    isFirst = false;
    if (!isInfo) yield frame;
  }
}

async function* frames(file: Readable, from: number, to: number): AsyncGenerator<Mp3Frame> {
  const cutter = new FrameCutter();
  const end = Math.min(to, file.size);
  for (let at = from; at < end; at += SLICE) {
    yield* cutter.push(await read(file, at, Math.min(end, at + SLICE)));
  }
  yield* cutter.finish();
}

async function read(file: Readable, from: number, to: number): Promise<Uint8Array> {
  return new Uint8Array(await file.slice(from, to).arrayBuffer());
}

function secondsOf(header: FrameHeader): number {
  return header.samples / header.sampleRate;
}
