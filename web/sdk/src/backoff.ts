const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/**
 * Waits that double up to ten seconds, each drawn from the upper half of its range,
 * so that clients that lost the same relay do not return at once.
 */
export class Backoff {
  #next = FIRST_MS;

  /** @param random Numbers from 0 up to, not including, 1. */
  constructor(private readonly random: () => number) {}

  /** The next wait, in ms. */
  wait(): number {
    const wait = this.#next * (0.5 + this.random() / 2);
    this.#next = Math.min(this.#next * 2, LONGEST_MS);
    return wait;
  }

  /** It went well: the next wait is a short one again. */
  reset(): void {
    this.#next = FIRST_MS;
  }
}
