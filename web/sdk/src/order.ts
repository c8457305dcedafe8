import type { Fragment } from "./datagram.js";
import type { Frame } from "./group.js";

/** Frames after a missing one wait for it so long, in ms, if not told otherwise. */
export const PATIENCE_MS = 200;
/** Frames that wait at the most; past it the missing ones are given up. */
const MAX_WAITING = 512;
/** Frames of which pieces are kept at the most; the oldest ones go first. */
const MAX_IN_PIECES = 16;

/**
 * Puts frames into order that came on more than one way: the opening burst on a
 * stream and the rest in datagrams, datagrams among each other, pieces of large
 * frames, an old stream and the fresh one after a skip. Bounded in frames and in
 * time. Reads no clock: times come in as µs.
 */
export class Order {
  /** Frames after a missing one wait for it so long, in ms. */
  patienceMs: number;
  #next: number;
  #waiting = new Map<number, Frame>();
  #waitingSince: number | undefined;
  #pieces = new Map<number, Pieces>();
  #missing = 0;
  #gap: boolean;

  /**
   * @param next The sequence number that is expected first.
   * @param afterGap Frames are missing before it.
   */
  constructor(next: number, afterGap = false, patienceMs = PATIENCE_MS) {
    this.patienceMs = patienceMs;
    this.#next = next;
    this.#gap = afterGap;
  }

  /** The sequence number that is expected next. */
  get next(): number {
    return this.#next;
  }

  /** Frames that never came. */
  get missing(): number {
    return this.#missing;
  }

  /** When the frame that is missing is given up, in µs; `undefined` where none is. */
  get deadline(): number | undefined {
    if (this.#waitingSince === undefined) return undefined;
    return this.#waitingSince + this.patienceMs * 1_000;
  }

  /** Takes a frame in. One that was there before, or is too late, is left out. */
  push(frame: Frame): void {
    if (frame.seq < this.#next || this.#waiting.has(frame.seq)) return;
    this.#waiting.set(frame.seq, frame);
    if (this.#waiting.size > MAX_WAITING) {
      this.#goTo(this.#firstWaiting());
      this.#waiting.delete(this.#next);
      this.#goTo(this.#next + 1);
    }
  }

  /** Takes a piece of a frame in. */
  pushFragment(fragment: Fragment): void {
    const { seq } = fragment;
    if (seq < this.#next || this.#waiting.has(seq)) return;
    let pieces = this.#pieces.get(seq);
    if (!pieces) {
      pieces = new Pieces(fragment);
      this.#pieces.set(seq, pieces);
      if (this.#pieces.size > MAX_IN_PIECES) {
        this.#pieces.delete(Math.min(...this.#pieces.keys()));
      }
    }
    const whole = pieces.add(fragment);
    if (whole) {
      this.#pieces.delete(seq);
      this.push(whole);
    }
  }

  /**
   * The next frame in order. Waits, by giving `undefined`, for one that is missing,
   * until it has been missing for too long at `now`. The frame after a gap is
   * marked as a discontinuity.
   */
  pop(now: number): Frame | undefined {
    if (this.#waiting.size === 0) return undefined;
    if (!this.#waiting.has(this.#next)) {
      this.#waitingSince ??= now;
      if (now - this.#waitingSince < this.patienceMs * 1_000) return undefined;
      this.#goTo(this.#firstWaiting());
    }
    this.#waitingSince = undefined;
    const frame = this.#waiting.get(this.#next);
    if (!frame) return undefined;
    this.#waiting.delete(frame.seq);
    this.#next = frame.seq + 1;
    this.#dropPieces();
    const marked = this.#gap && !frame.discontinuity ? { ...frame, discontinuity: true } : frame;
    this.#gap = false;
    return marked;
  }

  /** A stream goes on at this frame: the ones before it do not come. Gives how many. */
  skipTo(seq: number): number {
    if (seq <= this.#next) return 0;
    for (const waiting of this.#waiting.keys()) {
      if (waiting < seq) this.#waiting.delete(waiting);
    }
    const frames = seq - this.#next;
    this.#goTo(seq);
    this.#waitingSince = undefined;
    return frames;
  }

  #goTo(seq: number): void {
    this.#missing += seq - this.#next;
    this.#gap = true;
    this.#next = seq;
    this.#dropPieces();
  }

  #firstWaiting(): number {
    return Math.min(...this.#waiting.keys());
  }

  #dropPieces(): void {
    for (const seq of this.#pieces.keys()) {
      if (seq < this.#next) this.#pieces.delete(seq);
    }
  }
}

/** The pieces of one frame that have come so far. */
class Pieces {
  readonly #data: Uint8Array;
  readonly #held: Uint8Array;
  #left: number;

  constructor(private readonly first: Fragment) {
    this.#data = new Uint8Array(first.total);
    this.#held = new Uint8Array(first.total);
    this.#left = first.total;
  }

  /** The whole frame once its last byte has come. */
  add(piece: Fragment): Frame | undefined {
    const { seq, time, discontinuity, total } = this.first;
    if (piece.total !== total || piece.time !== time) return undefined;
    const end = piece.offset + piece.data.length;
    this.#data.set(piece.data, piece.offset);
    const held = this.#held.subarray(piece.offset, end);
    for (const byte of held) this.#left -= 1 - byte;
    held.fill(1);
    return this.#left > 0 ? undefined : { seq, time, discontinuity, data: this.#data };
  }
}
