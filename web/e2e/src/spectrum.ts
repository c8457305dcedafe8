import FFT from "fft.js";

/** The rate is brought down by this before looking everywhere: to 12 kHz, which the source fits. */
const COARSE = 4;
/** Coarse samples that are transformed at a time. */
const SIZE = 32_768;

/** Finds where in a long source a short window comes from, by cross-correlation (FFT). */
export class Spectrum {
  readonly #fft = new FFT(SIZE);
  readonly #source: Float32Array;
  /** Spectra of stretches of the source that overlap by half, made when first needed. */
  readonly #blocks: number[][] = [];

  constructor(source: Float32Array) {
    this.#source = coarse(source);
  }

  /**
   * The sample of the source at which the window, of at most 65,536 samples, most likely
   * begins: anywhere, or in the few seconds around a sample.
   */
  find(window: Float32Array, around?: number): number {
    const wanted = this.#transform(coarse(window), 0, SIZE / 2);
    const blocks = Math.ceil(this.#source.length / (SIZE / 2));
    const middle = Math.floor((around ?? 0) / COARSE / (SIZE / 2));
    const [first, last] =
      around === undefined ? [0, blocks - 1] : [Math.max(0, middle - 1), Math.min(blocks - 1, middle + 1)];
    let best = { score: 0, at: 0 };
    for (let block = first; block <= last; block++) {
      const start = block * (SIZE / 2);
      this.#blocks[block] ??= this.#transform(this.#source, start, SIZE);
      const correlation = this.#correlate(this.#blocks[block] ?? [], wanted);
      for (let lag = 0; lag < SIZE / 2; lag++) {
        const score = correlation[2 * lag] ?? 0;
        if (score > best.score) best = { score, at: start + lag };
      }
    }
    return best.at * COARSE;
  }

  #transform(samples: Float32Array, start: number, length: number): number[] {
    const input = new Array<number>(2 * SIZE).fill(0);
    for (let n = 0; n < length; n++) input[2 * n] = samples[start + n] ?? 0;
    const out = this.#fft.createComplexArray() as number[];
    this.#fft.transform(out, input);
    return out;
  }

  #correlate(source: readonly number[], window: readonly number[]): number[] {
    const product = new Array<number>(2 * SIZE);
    for (let n = 0; n < 2 * SIZE; n += 2) {
      const [a, b] = [source[n] ?? 0, source[n + 1] ?? 0];
      const [c, d] = [window[n] ?? 0, window[n + 1] ?? 0];
      product[n] = a * c + b * d;
      product[n + 1] = b * c - a * d;
    }
    const out = this.#fft.createComplexArray() as number[];
    this.#fft.inverseTransform(out, product);
    return out;
  }
}

/** The means of four samples each: low-pass enough for a look around. */
function coarse(samples: Float32Array): Float32Array {
  const out = new Float32Array(Math.floor(samples.length / COARSE));
  for (let n = 0; n < out.length; n++) {
    let sum = 0;
    for (let k = 0; k < COARSE; k++) sum += samples[n * COARSE + k] ?? 0;
    out[n] = sum / COARSE;
  }
  return out;
}
