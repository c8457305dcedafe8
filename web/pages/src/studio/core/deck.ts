/** Most audio that a deck holds, in seconds; a feeder that ignores how much is left is cut off. */
export const DECK_SECONDS = 8;

/**
 * One track on its way into the mix: samples that are queued, and how far it has come.
 * Lengths and positions are in sample frames of the mixer.
 */
export class Deck {
  readonly #limit: number;
  readonly #chunks: (readonly [Float32Array, Float32Array])[] = [];
  #offset = 0;
  #available = 0;
  #position: number;
  #ended = false;

  /**
   * @param id Of this playing of the track.
   * @param total Length of the whole track.
   * @param position Where in the track the first sample fed belongs.
   * @param limit Most that is held; past it, what is fed is left out.
   */
  constructor(
    readonly id: number,
    readonly total: number,
    position: number,
    limit: number,
  ) {
    this.#position = position;
    this.#limit = limit;
  }

  /** Where in the track the next sample belongs. */
  get position(): number {
    return this.#position;
  }

  /** How much is queued. */
  get available(): number {
    return this.#available;
  }

  /** Everything was fed. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Everything was fed and taken. */
  get finished(): boolean {
    return this.#ended && this.#available === 0;
  }

  /** How much is still to come. */
  get remaining(): number {
    if (this.#ended) return this.#available;
    return Math.max(this.#available, this.total - this.#position);
  }

  /** Queues samples; both channels are equally long. */
  feed(left: Float32Array, right: Float32Array): void {
    if (this.#ended || left.length === 0 || this.#available + left.length > this.#limit) return;
    this.#chunks.push([left, right]);
    this.#available += left.length;
  }

  /** Nothing more will be fed. */
  end(): void {
    this.#ended = true;
  }

  /** Takes `frames`, which must be available, into both channels from `from` on. */
  take(left: Float32Array, right: Float32Array, from: number, frames: number): void {
    let written = 0;
    while (written < frames) {
      const chunk = this.#chunks[0];
      if (!chunk) return;
      const [chunkLeft, chunkRight] = chunk;
      const count = Math.min(frames - written, chunkLeft.length - this.#offset);
      for (let index = 0; index < count; index += 1) {
        left[from + written + index] = chunkLeft[this.#offset + index] ?? 0;
        right[from + written + index] = chunkRight[this.#offset + index] ?? 0;
      }
      written += count;
      this.#offset += count;
      if (this.#offset === chunkLeft.length) {
        this.#chunks.shift();
        this.#offset = 0;
      }
    }
    this.#available -= frames;
    this.#position += frames;
  }
}
