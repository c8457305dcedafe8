import { frameTiming, type FrameTiming } from "@skywave/client";

const HEADER = 4;
const TAG_HEADER = 10;
const MPEG_1_KBPS = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320] as const;
const MPEG_2_KBPS = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160] as const;

/** What is known of a frame by its header. */
export interface FrameHeader extends FrameTiming {
  /** Of the whole frame, in bytes. */
  readonly length: number;
  readonly kbps: number;
}

/**
 * Reads an MPEG audio Layer III frame header (ISO/IEC 11172-3, 13818-3, section 2.4.2.3);
 * `undefined` where the bytes are none, and for free format, which no known file has.
 */
export function frameHeader(bytes: Uint8Array): FrameHeader | undefined {
  const timing = frameTiming(bytes);
  if (!timing) return undefined;
  const [, kind = 0, rates = 0] = bytes;
  const kbps = (((kind >> 3) & 3) === 3 ? MPEG_1_KBPS : MPEG_2_KBPS)[rates >> 4];
  if (!kbps) return undefined;
  const padding = (rates >> 1) & 1;
  const length = Math.floor(((timing.samples / 8) * kbps * 1000) / timing.sampleRate) + padding;
  return { ...timing, length, kbps };
}

/** A cut out frame. */
export interface Mp3Frame {
  readonly header: FrameHeader;
  readonly bytes: Uint8Array;
}

/**
 * Cuts MP3 bytes into frames, in whatever pieces they come. Leaves out ID3v2 tags and
 * garbage; a frame counts once another of its kind follows it, as chance bytes look like a
 * header every now and then. Holds at most one frame and the piece last given.
 */
export class FrameCutter {
  #rest = new Uint8Array(0);
  #toSkip = 0;
  #kind: FrameTiming | undefined;
  #skipped = 0;

  /** Bytes that were left out: tags and garbage. */
  get skipped(): number {
    return this.#skipped;
  }

  /** The frames that are complete with these bytes. */
  push(bytes: Uint8Array): Mp3Frame[] {
    return this.#cut(bytes, false);
  }

  /** The last frame, which nothing follows. */
  finish(): Mp3Frame[] {
    return this.#cut(new Uint8Array(0), true);
  }

  #cut(bytes: Uint8Array, isLast: boolean): Mp3Frame[] {
    const data = joined(this.#rest, bytes);
    const frames: Mp3Frame[] = [];
    let at = 0;
    while (at < data.length) {
      if (this.#toSkip > 0) {
        const count = Math.min(this.#toSkip, data.length - at);
        this.#toSkip -= count;
        this.#skipped += count;
        at += count;
        continue;
      }
      const ahead = data.subarray(at);
      if (ahead.length < (this.#kind ? HEADER : TAG_HEADER) && !isLast) break;
      const tag = this.#kind ? 0 : tagLength(ahead);
      if (tag > 0) {
        this.#toSkip = tag;
        continue;
      }
      const header = frameHeader(ahead);
      if (!header || (this.#kind && !isAlike(this.#kind, header))) {
        this.#skip();
        at += 1;
        continue;
      }
      // In step, a frame is let go as soon as it is whole: live audio does not wait.
      const needed = header.length + (this.#kind || isLast ? 0 : HEADER);
      if (ahead.length < needed) break;
      if (!this.#isFollowed(ahead, header, isLast)) {
        this.#skip();
        at += 1;
        continue;
      }
      this.#kind = header;
      frames.push({ header, bytes: ahead.slice(0, header.length) });
      at += header.length;
    }
    this.#rest = data.slice(at);
    return frames;
  }

  #isFollowed(ahead: Uint8Array, header: FrameHeader, isLast: boolean): boolean {
    // In step, one frame is as good as the next.
    if (this.#kind) return true;
    const following = ahead.subarray(header.length);
    if (following.length < HEADER) return isLast;
    const next = frameHeader(following);
    return next !== undefined && isAlike(header, next);
  }

  #skip(): void {
    this.#kind = undefined;
    this.#skipped += 1;
  }
}

/** Length of the ID3v2 tag at the front, with its header; 0 where there is none. */
export function tagLength(bytes: Uint8Array): number {
  const [i, d, three, , , flags = 0, a = 0, b = 0, c = 0, e] = bytes;
  if (i !== 0x49 || d !== 0x44 || three !== 0x33 || e === undefined) return 0;
  const hasFooter = (flags & 0x10) !== 0;
  const size = ((a & 127) << 21) | ((b & 127) << 14) | ((c & 127) << 7) | (e & 127);
  return TAG_HEADER + size + (hasFooter ? TAG_HEADER : 0);
}

function isAlike(one: FrameTiming, other: FrameTiming): boolean {
  return one.sampleRate === other.sampleRate && one.samples === other.samples;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.length === 0) return other;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
