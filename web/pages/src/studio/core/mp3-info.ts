import type { FrameHeader } from "./mp3-frames.js";

/** Samples by which every Layer III decoder is late: the synthesis filter and the MDCT. */
export const DECODER_DELAY = 529;

/** What the info frame at the front of a file says of it. */
export interface Mp3Info {
  /** Audio frames, the info frame not counted; `undefined` where it does not say. */
  readonly frames: number | undefined;
  /** Samples that the encoder put before the sound. */
  readonly delay: number;
  /** Samples that it put behind it. */
  readonly padding: number;
  /** Whether delay and padding are written there, by LAME or in its manner. */
  readonly isGapless: boolean;
}

/**
 * Reads the frame that Xing, LAME and their followers (or, as VBRI, Fraunhofer's encoder)
 * put at the front of a file in place of sound; `undefined` where the frame is a real one.
 */
export function mp3Info(header: FrameHeader, frame: Uint8Array): Mp3Info | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const isMono = header.channels === 1;
  const side = header.samples === 1152 ? (isMono ? 17 : 32) : isMono ? 9 : 17;
  if (isWord(view, 36, "VBRI")) {
    const frames = view.byteLength >= 54 ? view.getUint32(50) : undefined;
    return { frames, delay: 0, padding: 0, isGapless: false };
  }
  const at = 4 + side;
  if (!isWord(view, at, "Xing") && !isWord(view, at, "Info")) return undefined;
  let next = at + 8;
  if (view.byteLength < next) return { frames: undefined, delay: 0, padding: 0, isGapless: false };
  const flags = view.getUint32(at + 4);
  const frames = flags & 1 && view.byteLength >= next + 4 ? view.getUint32(next) : undefined;
  next += (flags & 1 ? 4 : 0) + (flags & 2 ? 4 : 0) + (flags & 4 ? 100 : 0) + (flags & 8 ? 4 : 0);
  const delays = next + 21;
  const encoder = view.byteLength >= delays + 3 ? view.getUint8(next) : 0;
  if (encoder < 0x20) return { frames, delay: 0, padding: 0, isGapless: false };
  const delay = (view.getUint8(delays) << 4) | (view.getUint8(delays + 1) >> 4);
  const padding = ((view.getUint8(delays + 1) & 15) << 8) | view.getUint8(delays + 2);
  return { frames, delay, padding, isGapless: true };
}

/** Which of a file's decoded samples are its sound. */
export interface Trim {
  /** Decoded samples before it. */
  readonly start: number;
  /** How many samples it has. */
  readonly length: number;
}

/** The sound's place among the samples of `frames` decoded frames. */
export function trimOf(info: Mp3Info | undefined, frames: number, samplesPerFrame: number): Trim {
  const all = frames * samplesPerFrame;
  if (!info?.isGapless) return { start: 0, length: all };
  const start = Math.min(all, info.delay + DECODER_DELAY);
  // The last samples of the sound leave the decoder late; where the padding is shorter than
  // that delay, they never do.
  return { start, length: Math.max(0, Math.min(all - info.delay - info.padding, all - start)) };
}

function isWord(view: DataView, at: number, word: string): boolean {
  if (view.byteLength < at + 4) return false;
  return Array.from(word).every((_, index) => view.getUint8(at + index) === word.charCodeAt(index));
}
