/** How long a slot of a history is, in ms. */
export const SLOT_MS = 5_000;

/** What a number was lately, in slots of five seconds; what is older falls out. */
export class History {
  readonly #values: Float64Array;
  #newest = -1;

  /** @param slots How far it reaches back. */
  constructor(readonly slots: number) {
    this.#values = new Float64Array(slots).fill(Number.NaN);
  }

  /** Notes what the number is at a time, in ms. The last in a slot counts. */
  add(at: number, value: number): void {
    const slot = Math.floor(at / SLOT_MS);
    if (slot < this.#newest - this.slots) this.#forget();
    if (slot < this.#newest) return;
    const first = Math.max(this.#newest + 1, slot - this.slots + 1);
    for (let skipped = first; skipped < slot; skipped += 1) this.#put(skipped, Number.NaN);
    this.#newest = slot;
    this.#put(slot, value);
  }

  /** All slots, oldest first; where nothing was noted, `undefined`. */
  get values(): readonly (number | undefined)[] {
    return Array.from({ length: this.slots }, (_, index) => {
      const slot = this.#newest - this.slots + 1 + index;
      const value = slot < 0 ? Number.NaN : this.#at(slot);
      return Number.isNaN(value) ? undefined : value;
    });
  }

  /** The oldest value that is known. */
  get oldest(): number | undefined {
    return this.values.find((value) => value !== undefined);
  }

  /** The highest value that is known. */
  get highest(): number | undefined {
    const known = this.values.filter((value) => value !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  }

  /** The clock was set back by more than all that is held: none of it has a place any more. */
  #forget(): void {
    this.#values.fill(Number.NaN);
    this.#newest = -1;
  }

  #at(slot: number): number {
    return this.#values[slot % this.slots] ?? Number.NaN;
  }

  #put(slot: number, value: number): void {
    this.#values[slot % this.slots] = value;
  }
}
