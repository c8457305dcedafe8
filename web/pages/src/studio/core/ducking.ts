import { fromDecibels } from "./fade.js";

/** How the music gives way to the voice. Times in ms. */
export interface DuckingSettings {
  /** The voice's peak level that counts as talking, dBFS. */
  readonly thresholdDb: number;
  /** What the music is lowered by while somebody talks, dB (0: not at all). */
  readonly depthDb: number;
  /** From the first word until the music is lowered. */
  readonly attackMs: number;
  /** How long a pause in the speech may be before the music comes back. */
  readonly holdMs: number;
  /** How long the music takes to come back. */
  readonly releaseMs: number;
}

/** Voice over music as a presenter expects it. */
export const DUCKING: DuckingSettings = {
  thresholdDb: -38,
  depthDb: 14,
  attackMs: 60,
  holdMs: 600,
  releaseMs: 900,
};

/** The gain of the music under a voice, sample by sample. */
export class Ducking {
  readonly #sampleRate: number;
  #threshold = 0;
  #floor = 1;
  #down = 0;
  #up = 0;
  #hold = 0;
  #held = 0;
  #gain = 1;

  constructor(sampleRate: number, settings: DuckingSettings = DUCKING) {
    this.#sampleRate = sampleRate;
    this.set(settings);
  }

  set(settings: DuckingSettings): void {
    const frames = (ms: number) => Math.max(1, (ms * this.#sampleRate) / 1000);
    this.#threshold = fromDecibels(settings.thresholdDb);
    this.#floor = fromDecibels(-Math.abs(settings.depthDb));
    this.#down = (1 - this.#floor) / frames(settings.attackMs);
    this.#up = (1 - this.#floor) / frames(settings.releaseMs);
    this.#hold = Math.round(frames(settings.holdMs));
  }

  /** The gain now, 1 where nobody talks. */
  get gain(): number {
    return this.#gain;
  }

  /** The gain for the sample frame in which the voice has this magnitude. */
  next(voice: number): number {
    if (voice >= this.#threshold) this.#held = this.#hold;
    if (this.#held > 0) {
      this.#held -= 1;
      this.#gain = Math.max(this.#floor, this.#gain - this.#down);
    } else {
      this.#gain = Math.min(1, this.#gain + this.#up);
    }
    return this.#gain;
  }
}
