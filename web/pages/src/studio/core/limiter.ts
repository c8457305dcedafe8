/** Sample frames that the limiter looks ahead: 1.3 ms at 48 kHz. */
export const LOOKAHEAD = 64;

/** -1 dBFS: room for what MP3 encoding adds to peaks. */
export const CEILING = 0.891;

/**
 * A stereo limiter that never lets a sample past its ceiling and, below it, changes nothing.
 *
 * It looks {@link LOOKAHEAD} frames ahead: the smallest gain that any of them needs, let go
 * slowly, and averaged over as many frames, is reached before the peak comes, without a step.
 * The output is `LOOKAHEAD - 1` frames late.
 */
export class Limiter {
  readonly #ceiling: number;
  readonly #release: number;
  readonly #left = new Float32Array(LOOKAHEAD);
  readonly #right = new Float32Array(LOOKAHEAD);
  readonly #eased = new Float64Array(LOOKAHEAD).fill(1);
  /** Gains needed in the window, rising, with the frame of each: the first is the smallest. */
  readonly #needs = new Float64Array(LOOKAHEAD);
  readonly #needAt = new Float64Array(LOOKAHEAD);
  #needHead = 0;
  #needCount = 0;
  #frame = 0;
  #sum = LOOKAHEAD;
  #gain = 1;
  #least = 1;

  /** @param releaseMs How long the gain takes to come back by about two thirds. */
  constructor(sampleRate: number, ceiling = CEILING, releaseMs = 120) {
    this.#ceiling = ceiling;
    this.#release = 1 - Math.exp(-1000 / (releaseMs * sampleRate));
  }

  /** Frames by which the output is late. */
  readonly latency = LOOKAHEAD - 1;

  /** The smallest gain since this was asked last; 1 where nothing was limited. */
  takeLeast(): number {
    const least = this.#least;
    this.#least = 1;
    return least;
  }

  /** Limits the first `frames` of both channels in place. */
  process(left: Float32Array, right: Float32Array, frames: number): void {
    for (let index = 0; index < frames; index += 1) {
      const peak = Math.max(Math.abs(left[index] ?? 0), Math.abs(right[index] ?? 0));
      const gain = this.#gainFor(peak > this.#ceiling ? this.#ceiling / peak : 1);
      const slot = this.#frame % LOOKAHEAD;
      const oldest = (slot + 1) % LOOKAHEAD;
      this.#left[slot] = left[index] ?? 0;
      this.#right[slot] = right[index] ?? 0;
      left[index] = (this.#left[oldest] ?? 0) * gain;
      right[index] = (this.#right[oldest] ?? 0) * gain;
      this.#frame += 1;
    }
  }

  #gainFor(need: number): number {
    const wanted = this.#smallestInWindow(need);
    const released = this.#gain + (1 - this.#gain) * this.#release;
    this.#gain = Math.min(wanted, released);
    if (this.#gain > 0.99999) this.#gain = wanted;
    const slot = this.#frame % LOOKAHEAD;
    const leaving = this.#eased[slot] ?? 1;
    this.#eased[slot] = this.#gain;
    // Summed anew once a window, so that rounding cannot build up over a day on the air.
    this.#sum += this.#gain - leaving;
    if (slot === 0) this.#sum = this.#eased.reduce((sum, one) => sum + one, 0);
    const gain = Math.min(1, this.#sum / LOOKAHEAD);
    if (gain < this.#least) this.#least = gain;
    return gain;
  }

  #smallestInWindow(need: number): number {
    const frame = this.#frame;
    if (this.#needCount > 0 && (this.#needAt[this.#needHead] ?? 0) <= frame - LOOKAHEAD) {
      this.#needHead = (this.#needHead + 1) % LOOKAHEAD;
      this.#needCount -= 1;
    }
    while (this.#needCount > 0) {
      const last = (this.#needHead + this.#needCount - 1) % LOOKAHEAD;
      if ((this.#needs[last] ?? 0) < need) break;
      this.#needCount -= 1;
    }
    const free = (this.#needHead + this.#needCount) % LOOKAHEAD;
    this.#needs[free] = need;
    this.#needAt[free] = frame;
    this.#needCount += 1;
    return this.#needs[this.#needHead] ?? 1;
  }
}
