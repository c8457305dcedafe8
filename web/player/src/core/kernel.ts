/** Positions between two samples for which coefficients are kept; between them they are blended. */
const PHASES = 256;
/** Input samples that one output sample is made of, where the rate does not fall. */
const TAPS = 32;
/** Shape of the Kaiser window: side lobes some 90 dB down. */
const BETA = 9;
const WINDOW_PEAK = bessel(BETA);

/**
 * A windowed-sinc interpolator in polyphase form, for one pair of sample rates. It is
 * centred: a sample at position `p` of the output is the input's value at `p`, with no delay.
 */
export class Kernel {
  /** Input samples that are needed on each side of a position. */
  readonly half: number;
  readonly #taps: number;
  readonly #table: Float32Array;

  constructor(inputRate: number, outputRate: number) {
    const shrink = Math.max(1, inputRate / outputRate);
    this.half = (TAPS / 2) * Math.round(shrink);
    this.#taps = this.half * 2;
    this.#table = coefficients(this.half, 1 / shrink);
  }

  /**
   * Adds `count` interpolated samples, each times its `gains`, to both outputs.
   *
   * @param left Input of the left channel; `half` samples on each side of every position.
   * @param right Input of the right channel, as long.
   * @param position Where the first output sample lies in the input.
   * @param ratio Input samples from one output sample to the next.
   * @param at Where in the outputs the first sample goes.
   */
  add(
    left: Float32Array,
    right: Float32Array,
    position: number,
    ratio: number,
    gains: Float32Array,
    outLeft: Float32Array,
    outRight: Float32Array,
    at: number,
    count: number,
  ): void {
    const taps = this.#taps;
    const table = this.#table;
    for (let n = 0; n < count; n++) {
      const gain = gains[n] ?? 0;
      if (gain === 0) continue;
      const here = position + n * ratio;
      const whole = Math.floor(here);
      const phase = (here - whole) * PHASES;
      const row = Math.min(Math.floor(phase), PHASES - 1);
      const blend = phase - row;
      const first = whole - this.half + 1;
      const low = row * taps;
      const high = low + taps;
      let sumLeft = 0;
      let sumRight = 0;
      for (let tap = 0; tap < taps; tap++) {
        const a = table[low + tap] ?? 0;
        const weight = a + ((table[high + tap] ?? 0) - a) * blend;
        sumLeft += weight * (left[first + tap] ?? 0);
        sumRight += weight * (right[first + tap] ?? 0);
      }
      outLeft[at + n] = (outLeft[at + n] ?? 0) + gain * sumLeft;
      outRight[at + n] = (outRight[at + n] ?? 0) + gain * sumRight;
    }
  }
}

/** One row for each phase and one past the last, each with a sum of 1. */
function coefficients(half: number, cutoff: number): Float32Array {
  const taps = half * 2;
  const table = new Float32Array((PHASES + 1) * taps);
  const row = new Float64Array(taps);
  for (let phase = 0; phase <= PHASES; phase++) {
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const x = tap - half + 1 - phase / PHASES;
      const value = sinc(x * cutoff) * kaiser(x / half);
      row[tap] = value;
      sum += value;
    }
    for (let tap = 0; tap < taps; tap++) table[phase * taps + tap] = (row[tap] ?? 0) / sum;
  }
  return table;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / WINDOW_PEAK;
}

/** The modified Bessel function of the first kind and order 0, by its power series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
