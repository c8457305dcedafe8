import { isJoined, type Entry } from "./content.js";
import type { Kernel } from "./kernel.js";

/** Buffers that voices work in, one after the other. */
export interface Scratch {
  readonly left: Float32Array;
  readonly right: Float32Array;
  readonly gains: Float32Array;
}

/**
 * One run through the content from a place in it on, with a level that rises at its
 * beginning and falls to silence before whatever it cannot play: a frame that has not
 * come, one that is not audible, the end. A block that comes in time lifts it again.
 */
export class Voice {
  #entry: Entry;
  /** Samples into the entry. */
  #offset: number;
  #level = 0;
  #rise: number;
  #isReleased = false;
  #isOver = false;
  #isStarved = false;

  /**
   * @param entry An audible block.
   * @param offset Samples into it.
   * @param fade Output frames of the fade-out before missing content.
   * @param rise Output frames of the fade-in.
   */
  constructor(
    entry: Entry,
    offset: number,
    private readonly kernel: Kernel,
    private readonly fade: number,
    rise: number,
  ) {
    this.#entry = entry;
    this.#offset = offset;
    this.#rise = rise;
    this.#walk();
  }

  /** The frame time that comes next, relay µs. */
  get time(): number {
    return this.#entry.block.time + (this.#offset * 1e6) / this.#entry.block.sampleRate;
  }

  get seq(): number {
    return this.#entry.block.seq;
  }

  get sampleRate(): number {
    return this.#entry.block.sampleRate;
  }

  /** It came to what it cannot play, or was faded out. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Its level is lowered because of what is missing ahead. */
  get isStarved(): boolean {
    return this.#isStarved;
  }

  /** It sounds at full level. */
  get isFull(): boolean {
    return this.#level === 1;
  }

  /** Fades out, in so many output frames at the most. */
  release(frames: number): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#rise = -frames;
  }

  /** Cuts itself off from blocks that are dropped: it keeps two more, to fade out in. */
  detach(dropped: Entry): void {
    if (this.#entry !== dropped) return;
    const { previous, next } = dropped;
    this.#entry = {
      ...dropped,
      previous: previous && { ...previous, previous: undefined },
      next: next && { ...next, next: undefined },
    };
    if (this.#entry.next) this.#entry.next.previous = this.#entry;
  }

  /** Adds `count` frames to the outputs at `at`, `ratio` input samples for each. */
  add(
    outLeft: Float32Array,
    outRight: Float32Array,
    at: number,
    count: number,
    ratio: number,
    scratch: Scratch,
  ): void {
    const { half } = this.kernel;
    const begin = Math.floor(this.#offset) - half + 1;
    const length = Math.ceil(count * ratio) + 2 * half + 1;
    this.#gather(begin, length, scratch);
    this.#shape(count, ratio, scratch.gains);
    const { left, right, gains } = scratch;
    const position = this.#offset - begin;
    this.kernel.add(left, right, position, ratio, gains, outLeft, outRight, at, count);
    this.#offset += count * ratio;
    this.#walk();
    if (this.#isReleased && this.#level <= 0) this.#isOver = true;
  }

  /** The levels of the next output frames. */
  #shape(count: number, ratio: number, gains: Float32Array): void {
    const fadeSamples = this.fade * ratio;
    const playable = playableFrom(
      this.#entry,
      this.#offset,
      (count + this.fade) * ratio + this.kernel.half + 1,
    );
    const room = playable - this.kernel.half;
    const step = 1 / this.#rise;
    this.#isStarved = false;
    for (let n = 0; n < count; n++) {
      const rising = Math.min(1, this.#level + step);
      const allowed = (room - n * ratio) / fadeSamples;
      if (allowed < rising && allowed < 1) this.#isStarved = true;
      this.#level = Math.max(0, Math.min(rising, allowed));
      gains[n] = Math.sin((Math.PI / 2) * this.#level);
    }
  }

  /** Copies `length` input samples from `begin` of the entry on; what cannot be played is silent. */
  #gather(begin: number, length: number, scratch: Scratch): void {
    let entry: Entry | undefined = this.#entry;
    let start = 0;
    while (start > begin) {
      const previous: Entry | undefined = entry.previous;
      if (!previous?.block.audible || !isJoined(previous, entry)) break;
      entry = previous;
      start -= entry.samples;
    }
    scratch.left.fill(0, 0, length);
    scratch.right.fill(0, 0, length);
    while (entry?.block.audible && start < begin + length) {
      const left: Float32Array | undefined = entry.block.channels[0];
      const right = entry.block.channels[1] ?? left;
      if (!left || !right) return;
      const from = Math.max(begin, start);
      const to = Math.min(begin + length, start + entry.samples);
      for (let n = from; n < to; n++) {
        scratch.left[n - begin] = left[n - start] ?? 0;
        scratch.right[n - begin] = right[n - start] ?? 0;
      }
      start += entry.samples;
      const next: Entry | undefined = entry.next;
      entry = next && isJoined(entry, next) ? next : undefined;
    }
  }

  #walk(): void {
    while (this.#offset >= this.#entry.samples) {
      const { next } = this.#entry;
      if (!next?.block.audible || !isJoined(this.#entry, next)) {
        this.#isOver = true;
        return;
      }
      this.#offset -= this.#entry.samples;
      this.#entry = next;
    }
  }
}

/** Samples that can be played on from this place, counted up to `enough`. */
export function playableFrom(entry: Entry, offset: number, enough: number): number {
  let playable = entry.block.audible ? entry.samples - offset : 0;
  let last = entry;
  while (last.block.audible && playable < enough) {
    const { next } = last;
    if (!next?.block.audible || !isJoined(last, next)) break;
    playable += next.samples;
    last = next;
  }
  return playable;
}
