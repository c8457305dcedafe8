/** Between two pictures, in ms, from the quickest on. */
const STEPS_MS = [50, 75, 100, 150, 250] as const;
/** The share of the time that pictures may take: 8 ms each at the quickest. */
const SHARE = 0.16;
/** The part that the newest cost has in the usual cost. */
const FOLLOW = 0.1;
/** How long pictures must have been cheap before they come quicker, in ms. */
const PATIENCE_MS = 5_000;

/**
 * How often a moving picture is drawn: 20 times a second, and more seldom where pictures
 * cost so much that sound on the same processor could suffer.
 */
export class Pace {
  #step = 0;
  #usualMs = 0;
  #cheapMs = 0;

  /** From one picture to the next, in ms. */
  get intervalMs(): number {
    return STEPS_MS[this.#step] ?? STEPS_MS[0];
  }

  /** Takes how long the last picture kept the page busy, in ms. */
  spent(costMs: number): void {
    const { intervalMs } = this;
    // One hitch, such as a garbage collection, is not what pictures cost.
    this.#usualMs += (Math.min(costMs, intervalMs) - this.#usualMs) * FOLLOW;
    if (this.#usualMs > intervalMs * SHARE) {
      this.#change(1);
      return;
    }
    const quicker = STEPS_MS[this.#step - 1];
    const isCheap = quicker !== undefined && this.#usualMs < (quicker * SHARE) / 2;
    this.#cheapMs = isCheap ? this.#cheapMs + intervalMs : 0;
    if (this.#cheapMs >= PATIENCE_MS) this.#change(-1);
  }

  #change(by: 1 | -1): void {
    this.#step = Math.min(this.#step + by, STEPS_MS.length - 1);
    this.#cheapMs = 0;
  }
}
