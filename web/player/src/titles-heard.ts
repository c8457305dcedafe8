import type { Metadata, Title } from "@skywave/client";
import type { Heard } from "./state.js";

/** Titles that were heard and are remembered; the oldest go. */
const MAX_HISTORY = 50;
/** Titles that have not been heard yet; the oldest go. */
const MAX_COMING = 64;
/** Frames whose times are remembered: some 13 s. The oldest go. */
const MAX_FRAMES = 512;

/**
 * Which title is heard when. A title holds from a frame on, and is shown when that frame
 * is heard: so it is told of titles and of frames, and asked with the frame time that is
 * heard. Knows nothing of clocks.
 */
export class TitlesHeard {
  #coming: Metadata[] = [];
  #frames: { seq: number; time: number }[] = [];
  #current: Metadata | undefined;
  #history: readonly Heard[] = [];

  /** The title that is heard; `undefined` before the first one. */
  get current(): Title | undefined {
    return this.#current && namesOf(this.#current);
  }

  /** Newest first. */
  get history(): readonly Heard[] {
    return this.#history;
  }

  /** A title that holds from `title.seq` on. */
  add(title: Metadata): void {
    if (this.#coming.some(({ revision }) => revision === title.revision)) return;
    this.#coming.push(title);
    this.#coming.sort((a, b) => a.seq - b.seq || a.revision - b.revision);
    if (this.#coming.length > MAX_COMING) this.#coming.shift();
  }

  /** A frame that will be heard, with its own time, µs. */
  addFrame(seq: number, time: number): void {
    this.#frames.push({ seq, time });
    if (this.#frames.length > MAX_FRAMES) this.#frames.shift();
  }

  /** Titles and frames are those of another run of numbers from now on. */
  restart(): void {
    this.#coming = [];
    this.#frames = [];
  }

  /**
   * The frame time at which the next title begins; `undefined` where none is known, or
   * its frame has not come yet.
   */
  get next(): number | undefined {
    const title = this.#coming[0];
    return title && this.#timeOf(title.seq);
  }

  /**
   * Moves to the title of the frame time that is heard, at `now` (ms since the Unix
   * epoch). `true` where that is another one than before.
   */
  hear(frameTime: number, now: number): boolean {
    let newest: Metadata | undefined;
    for (;;) {
      const begins = this.next;
      if (begins === undefined || begins > frameTime) break;
      newest = this.#coming.shift();
    }
    if (!newest || (this.#current && isSame(newest, this.#current))) return false;
    this.#current = newest;
    const title = namesOf(newest);
    if (Object.keys(title).length > 0) {
      this.#history = [{ title, at: now }, ...this.#history].slice(0, MAX_HISTORY);
    }
    return true;
  }

  /** When a title that begins with frame `seq` is heard: with the first there is from it on. */
  #timeOf(seq: number): number | undefined {
    return this.#frames.find((frame) => frame.seq >= seq)?.time;
  }
}

function namesOf({ trackName, artistName, albumName }: Metadata): Title {
  return {
    ...(trackName !== undefined && { trackName }),
    ...(artistName !== undefined && { artistName }),
    ...(albumName !== undefined && { albumName }),
  };
}

function isSame(a: Title, b: Title): boolean {
  return (
    a.trackName === b.trackName && a.artistName === b.artistName && a.albumName === b.albumName
  );
}
