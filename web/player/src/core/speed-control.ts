/** The most by which speed differs from the content's own: 500 ppm, far below what is heard. */
const MAX_CORRECTION = 500e-6;
/** Seconds over which the noise of the error is smoothed. */
const SMOOTHING = 1;
/** Correction for each second of error and second of time. */
const PROPORTIONAL = 0.2;
/** Damps the two together to no overshoot: a quarter of the square. */
const INTEGRAL = PROPORTIONAL ** 2 / 4;

/**
 * Keeps the playhead at the aim by its speed: a PI control on top of what the aim itself
 * says of the clocks. Its integral part learns what is left, and keeps it over pauses.
 */
export class SpeedControl {
  #error = 0;
  #drift = 0;
  #correction = 0;

  /** How much faster than the content's own speed: 0.0001 is 100 ppm. */
  get correction(): number {
    return this.#correction;
  }

  /** The error without its noise, µs. */
  get error(): number {
    return this.#error;
  }

  /**
   * The playhead has been `error` µs behind the aim for `seconds`, and the aim moves by
   * `pull` faster than the context's nominal rate.
   */
  run(error: number, seconds: number, pull: number): void {
    this.#error += (error - this.#error) * Math.min(1, seconds / SMOOTHING);
    const behind = this.#error / 1e6;
    const wanted = pull + this.#drift + PROPORTIONAL * behind;
    this.#correction = clamp(wanted);
    // What is past the limit would only be learnt to be unlearnt.
    if (this.#correction === wanted) this.#drift += INTEGRAL * behind * seconds;
    this.#drift = clamp(this.#drift);
  }

  /** The error is gone, by a jump. */
  forgive(): void {
    this.#error = 0;
  }
}

function clamp(correction: number): number {
  return Math.max(-MAX_CORRECTION, Math.min(MAX_CORRECTION, correction));
}
