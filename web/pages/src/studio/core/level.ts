/** What a meter shows of a stretch of sound. Factors of full scale. */
export interface Level {
  readonly peak: number;
  readonly rms: number;
  /** Runs of samples at or past full scale: each one is heard as a crackle. */
  readonly clips: number;
}

/** Silence. */
export const SILENT: Level = { peak: 0, rms: 0, clips: 0 };

/** Measures peak, loudness and clipping of a signal until asked. */
export class LevelMeter {
  readonly #full: number;
  readonly #run: number;
  #peak = 0;
  #squares = 0;
  #count = 0;
  #clips = 0;
  #over = 0;

  /**
   * @param full The magnitude that counts as clipped: past 1 in a sum of floats; just below 1
   * for an input, whose converter cannot give more.
   * @param run How many samples in a row make a clip.
   */
  constructor(full: number, run: number) {
    this.#full = full;
    this.#run = run;
  }

  add(left: number, right: number): void {
    const peak = Math.max(Math.abs(left), Math.abs(right));
    if (peak > this.#peak) this.#peak = peak;
    this.#squares += (left * left + right * right) / 2;
    this.#count += 1;
    this.#over = peak >= this.#full ? this.#over + 1 : 0;
    if (this.#over === this.#run) this.#clips += 1;
  }

  /** The level since this was asked last. */
  take(): Level {
    const level: Level = {
      peak: this.#peak,
      rms: this.#count > 0 ? Math.sqrt(this.#squares / this.#count) : 0,
      clips: this.#clips,
    };
    this.#peak = 0;
    this.#squares = 0;
    this.#count = 0;
    this.#clips = 0;
    return level;
  }
}
