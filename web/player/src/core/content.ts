import type { Block } from "./types.js";

/** µs by which a frame's time may differ from the end of the one before it that it goes on from. */
const JOINT = 2_000;
/** µs of content that are kept at the most; past it the oldest goes. */
const MAX_KEPT = 5_000_000;
/** µs by which times fall back where the relay's clock began anew. */
const NEW_CLOCK = 10_000_000;

/** A block in its place among the others. */
export interface Entry {
  readonly block: Block;
  readonly samples: number;
  /** How long it plays, in µs. */
  readonly duration: number;
  previous: Entry | undefined;
  next: Entry | undefined;
}

/** How a block was taken in. */
export type Taken = "kept" | "duplicate" | "anew";

/**
 * The blocks that are known, in the order of their numbers, which is that of their times.
 * Bounded in time: past 5 s the oldest one goes. Where number and time contradict each
 * other the relay has begun anew, and what was known is forgotten.
 */
export class Content {
  #oldest: Entry | undefined;
  #newest: Entry | undefined;
  #kept = 0;

  /** When the newest block ends, relay µs. */
  get end(): number | undefined {
    return this.#newest && endOf(this.#newest);
  }

  push(block: Block): Taken {
    const samples = block.channels[0]?.length ?? 0;
    const duration = (samples * 1e6) / block.sampleRate;
    let after = this.#newest;
    while (after && after.block.seq > block.seq) after = after.previous;
    const before = after ? after.next : this.#oldest;
    if (after?.block.seq === block.seq && Math.abs(after.block.time - block.time) < NEW_CLOCK) {
      return "duplicate";
    }
    const isAnew =
      (after !== undefined && after.block.time >= block.time) ||
      (before !== undefined && before.block.time <= block.time) ||
      (this.#newest !== undefined && this.#newest.block.time - block.time > NEW_CLOCK);
    if (isAnew) {
      this.clear();
      this.#link({ block, samples, duration, previous: undefined, next: undefined });
      return "anew";
    }
    this.#link({ block, samples, duration, previous: after, next: before });
    return "kept";
  }

  /** The block that sounds at `time`, or the one before it where none does. */
  at(time: number): Entry | undefined {
    let entry = this.#newest;
    while (entry && entry.block.time > time) entry = entry.previous;
    return entry;
  }

  /** Drops the oldest block if there is too much, or if it ends before `time`; gives it. */
  drop(time = -Infinity): Entry | undefined {
    const oldest = this.#oldest;
    if (!oldest || (this.#kept <= MAX_KEPT && endOf(oldest) >= time)) return undefined;
    this.#oldest = oldest.next;
    if (this.#oldest) this.#oldest.previous = undefined;
    else this.#newest = undefined;
    this.#kept -= oldest.duration;
    return oldest;
  }

  /** Forgets everything. Entries that somebody still holds stay linked among each other. */
  clear(): void {
    this.#oldest = undefined;
    this.#newest = undefined;
    this.#kept = 0;
  }

  #link(entry: Entry): void {
    if (entry.previous) entry.previous.next = entry;
    else this.#oldest = entry;
    if (entry.next) entry.next.previous = entry;
    else this.#newest = entry;
    this.#kept += entry.duration;
  }
}

/** Whether the second goes on where the first ends, sample by sample. */
export function isJoined(first: Entry, second: Entry): boolean {
  return (
    second.block.seq === first.block.seq + 1 &&
    second.block.sampleRate === first.block.sampleRate &&
    Math.abs(second.block.time - endOf(first)) <= JOINT
  );
}

function endOf(entry: Entry): number {
  return entry.block.time + entry.duration;
}
