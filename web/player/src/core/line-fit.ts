/** Values so far off the line are not taken in. */
const OUTLIER = 25_000;
/** Values so far off it, on the same side of it, are no noise if they keep coming. */
const ASTRAY = 4_000;
/** So many in a row: the line has jumped. */
const JUMP = 5;

/**
 * A straight line through noisy values that come in the order of their places, newer ones
 * counting more. Its slope is taken for 0 until values far enough apart tell it. A few
 * outliers are left out; a line that jumps is followed at once, with the slope that it had.
 */
export class LineFit {
  #place = 0;
  #base = 0;
  #weight = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;
  /** The newest values, while they are off the line on the same side: not taken in yet. */
  #astray: { place: number; value: number; off: number }[] = [];

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
    const off = expected === undefined ? 0 : value - expected;
    const isAstray = Math.abs(off) > ASTRAY;
    if (!isAstray || off * (this.#astray[0]?.off ?? off) < 0) this.#forgive();
    if (!isAstray) {
      this.#take(place, value);
    } else if (this.#astray.push({ place, value, off }) === JUMP) {
      this.#jump();
    }
  }

  reset(): void {
    this.#weight = this.#x = this.#y = this.#xx = this.#xy = 0;
    this.#astray = [];
  }

  /** What was astray was noise, and counts as such. */
  #forgive(): void {
    for (const { place, value, off } of this.#astray) {
      if (Math.abs(off) < OUTLIER) this.#take(place, value);
    }
    this.#astray = [];
  }

  /** Shifts the line to the middle of the values that are off it, and takes them in. */
  #jump(): void {
    const sorted = this.#astray.map(({ off }) => off).sort((a, b) => a - b);
    this.#base += sorted[JUMP >> 1] ?? 0;
    for (const { place, value } of this.#astray) this.#take(place, value);
    this.#astray = [];
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
