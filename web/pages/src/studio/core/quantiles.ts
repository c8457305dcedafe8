/** The newest values of a measurement, and how they lie. */
export class Quantiles {
  readonly #values: Float64Array;
  #count = 0;

  /** @param kept How many values; the oldest make room. */
  constructor(kept: number) {
    this.#values = new Float64Array(kept);
  }

  add(value: number): void {
    this.#values[this.#count % this.#values.length] = value;
    this.#count += 1;
  }

  /** The value below which this share (0 to 1) of them lie; 0 where there are none. */
  at(share: number): number {
    const sorted = this.#values.slice(0, Math.min(this.#count, this.#values.length)).sort();
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  }
}
