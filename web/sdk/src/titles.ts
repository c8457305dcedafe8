import type { Metadata } from "./control.js";

/** Titles that are remembered of one channel; the oldest go first. */
const MAX_TITLES = 64;

/** The titles of a channel: which of them holds for which frame (docs/protocol.md, section 6). */
export class Titles {
  #titles: Metadata[] = [];

  /** Takes a title in. `true` where it is newer than all before it. */
  add(title: Metadata): boolean {
    if (this.#titles.some((known) => known.revision === title.revision)) return false;
    const isNewest = this.#titles.every((known) => known.revision < title.revision);
    this.#titles.push(title);
    if (this.#titles.length > MAX_TITLES) this.#titles.shift();
    return isNewest;
  }

  /** The title of this frame: the highest revision among those that begin no later. */
  at(seq: number): Metadata | undefined {
    let found: Metadata | undefined;
    for (const title of this.#titles) {
      if (title.seq <= seq && (!found || title.revision > found.revision)) found = title;
    }
    return found;
  }
}
