/** Values so far off the line are not taken in, unless they keep coming. */
const OUTLIER = 25_000;
/** So many in a row are no outliers: the line has jumped. */
const JUMP = 5;

/**
 * A straight line through noisy values that come in the order of their places, newer ones
 * counting more. Its slope is taken for 0 until values far enough apart tell it. A few
 * outliers are left out; a line that jumps is followed.
 */
export class LineFit {
  #place = 0;
  #base = 0;
  #weight = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;
  #outliers: { place: number; value: number }[] = [];

  /**
   * @param memory How far back values count: by then to 1/e.
   * @param stiffness Against which the sum of squared places has to prevail to give a slope.
   */
  constructor(
    private readonly memory: number,
    private readonly stiffness: number,
  ) {}

  /** Change of the value for each unit of place. */
  get slope(): number {
    if (this.#weight === 0) return 0;
    const spread = this.#xx - (this.#x * this.#x) / this.#weight;
    const common = this.#xy - (this.#x * this.#y) / this.#weight;
    return common / (spread + this.stiffness);
  }

  /** The value that the line has at `place`; `undefined` before the first. */
  at(place: number): number | undefined {
    if (this.#weight === 0) return undefined;
    const { slope } = this;
    const middle = (this.#y - slope * this.#x) / this.#weight;
    return this.#base + middle + slope * (place - this.#place);
  }

  add(place: number, value: number): void {
    const expected = this.at(place);
    if (expected !== undefined && Math.abs(value - expected) > OUTLIER) {
      this.#outliers.push({ place, value });
      if (this.#outliers.length < JUMP) return;
      const jumped = this.#outliers;
      this.reset();
      for (const later of jumped) this.#take(later.place, later.value);
      return;
    }
    this.#outliers = [];
    this.#take(place, value);
  }

  reset(): void {
    this.#weight = this.#x = this.#y = this.#xx = this.#xy = 0;
    this.#outliers = [];
  }

  #take(place: number, value: number): void {
    if (this.#weight === 0) {
      this.#base = value;
      this.#place = place;
    }
    const moved = place - this.#place;
    this.#xx += -2 * moved * this.#x + moved * moved * this.#weight;
    this.#x -= moved * this.#weight;
    this.#xy -= moved * this.#y;
    this.#place = place;
    const keep = Math.exp(-Math.max(0, moved) / this.memory);
    this.#weight = this.#weight * keep + 1;
    this.#x *= keep;
    this.#xx *= keep;
    this.#y = this.#y * keep + value - this.#base;
    this.#xy *= keep;
  }
}
