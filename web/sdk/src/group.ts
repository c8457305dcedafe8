import { WireError } from "./errors.js";
import { frameMicros } from "./mp3/header.js";
import { FieldReader } from "./reader.js";

/** The most frames in one group. */
export const MAX_GROUP_FRAMES = 64;
/** The most bytes of one group. */
export const MAX_GROUP_BYTES = 65_536;
/** The longest frame, in bytes. */
export const MAX_FRAME_BYTES = 5_761;

/** One MPEG audio Layer III frame of a channel (docs/protocol.md, section 4). */
export interface Frame {
  /** Its number: rises by one a frame and never restarts. */
  readonly seq: number;
  /** µs of the relay's clock. Play it so, plus the target delay of the join. */
  readonly time: number;
  /** Directly before it frames are missing or time jumps: start the decoder anew. */
  readonly discontinuity: boolean;
  /** The whole frame, header included. May share memory with its neighbours. */
  readonly data: Uint8Array;
}

/**
 * Reads one group that fills `bytes` to their end; the frames share `bytes`.
 *
 * @throws WireError The group is cut short, empty, or past a bound.
 */
export function decodeGroup(bytes: Uint8Array): Frame[] {
  const reader = new FieldReader(bytes);
  let discontinuity = (reader.byte("flags") & 1) !== 0;
  let seq = reader.varint("sequence");
  let time = reader.varint("time");
  const frames: Frame[] = [];
  while (!reader.isEmpty) {
    if (frames.length === MAX_GROUP_FRAMES) {
      throw new WireError("too-large", `a group has at most ${MAX_GROUP_FRAMES} frames`);
    }
    const data = reader.take("frame", reader.varint("frame length", MAX_FRAME_BYTES));
    frames.push({ seq, time, discontinuity, data });
    discontinuity = false;
    seq += 1;
    time += frameMicros(data);
  }
  if (frames.length === 0) throw new WireError("empty", "a group is empty");
  return frames;
}
