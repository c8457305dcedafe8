import { LineFit } from "./line-fit.js";

/** µs after which an observation counts little. */
const MEMORY = 20e6;
/** Noise of an observation, µs, over the drift that is thought possible, squared. */
const STIFFNESS = (3_000 / 300e-6) ** 2;
/** A context's clock within 2% of its rate; beyond, it stands still or is not one. */
const MAX_SKEW = 0.02;

/**
 * Which context frame leaves the device at which local time, from what
 * `AudioContext.getOutputTimestamp()` says now and then. Those times are noisy (in Firefox
 * they go in steps of some 10 ms) and the device's clock drifts against the local one:
 * a line is laid through them. A jump, by a pause of the context or another
 * device, is followed after five observations.
 */
export class OutputClock {
  readonly #lag = new LineFit(MEMORY, STIFFNESS);

  /** @param sampleRate Of the AudioContext, Hz. */
  constructor(private readonly sampleRate: number) {}

  /**
   * Takes an observation in.
   *
   * @param contextTime Seconds of the context that left the device
   * @param localTime at this local time, µs.
   */
  add(contextTime: number, localTime: number): void {
    // A context that has not begun tells 0 for both, or for one.
    if (contextTime <= 0 || localTime <= 0) return;
    this.#lag.add(localTime, localTime - contextTime * 1e6);
  }

  /** The context frame, not rounded, that leaves the device at `localTime` µs. */
  frameAt(localTime: number): number | undefined {
    const lag = this.#lag.at(localTime);
    return lag === undefined ? undefined : ((localTime - lag) * this.sampleRate) / 1e6;
  }

  /** Context frames for each µs of local time. */
  get framesPerMicro(): number {
    return ((1 - this.#skew) * this.sampleRate) / 1e6;
  }

  /** How much slower than the local clock the context runs: 0.0001 is 100 ppm. */
  get #skew(): number {
    return Math.max(-MAX_SKEW, Math.min(MAX_SKEW, this.#lag.slope));
  }

  /** Forgets everything: the context was suspended, or plays on another device. */
  reset(): void {
    this.#lag.reset();
  }
}
