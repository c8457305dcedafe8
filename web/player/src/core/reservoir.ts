import { mainData } from "./side-info.js";

/** The farthest that a frame can reach back, in bytes: nine bits of `main_data_begin`. */
const MAX_REACH = 511;

/**
 * Tells for each frame of a run whether what a decoder makes of it is right. A frame may be
 * decoded from main data that came with frames before it (the bit reservoir), its transform
 * overlaps the granule before, and the filter bank remembers most of another granule: so
 * two granules directly before have to be right as well.
 */
export class Reservoir {
  /** Bytes of main data that have come since the run began, as far as they can matter. */
  #held = 0;
  /** Granules in a row whose main data was whole. */
  #granules = 0;

  /**
   * Takes the next frame.
   *
   * @param frame The whole frame, header included.
   * @param isDiscontinuous Frames are missing directly before it: a run begins.
   * @returns Whether its samples will be right.
   */
  push(frame: Uint8Array, isDiscontinuous: boolean): boolean {
    if (isDiscontinuous) this.reset();
    const data = mainData(frame);
    if (!data) {
      this.reset();
      return false;
    }
    const isWhole = data.reach <= this.#held;
    const isRight = isWhole && this.#granules >= 2;
    this.#granules = isWhole ? Math.min(2, this.#granules + data.granules) : 0;
    this.#held = Math.min(MAX_REACH, this.#held + data.bytes);
    return isRight;
  }

  /** The decoder begins anew: nothing of what came before is known to it. */
  reset(): void {
    this.#held = 0;
    this.#granules = 0;
  }
}
