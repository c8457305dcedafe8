import { Kernel } from "../../../../player/src/core/kernel.js";

/** A stretch of sound, both channels equally long. */
export interface Stereo {
  readonly left: Float32Array<ArrayBuffer>;
  readonly right: Float32Array<ArrayBuffer>;
}

/**
 * Turns a stream of samples of one rate into another, piece by piece. The result of a whole
 * stream has its length times the ratio, rounded up; equal rates pass as they are.
 */
export class RateConverter {
  readonly #ratio: number;
  readonly #kernel: Kernel | undefined;
  #left: Float32Array;
  #right: Float32Array;
  /** Where in the input the first held sample lies; the edge before it is silent. */
  #heldFrom: number;
  #taken = 0;
  #given = 0;

  constructor(
    private readonly inputRate: number,
    private readonly outputRate: number,
  ) {
    this.#ratio = inputRate / outputRate;
    this.#kernel = inputRate === outputRate ? undefined : new Kernel(inputRate, outputRate);
    const edge = this.#kernel?.half ?? 0;
    this.#left = new Float32Array(edge);
    this.#right = new Float32Array(edge);
    this.#heldFrom = -edge;
  }

  /** What can be told with these samples. */
  push({ left, right }: Stereo): Stereo {
    if (!this.#kernel) return { left, right };
    this.#left = joined(this.#left, left);
    this.#right = joined(this.#right, right);
    this.#taken += left.length;
    return this.#convert(this.#taken - this.#kernel.half);
  }

  /** The rest, with silence behind the last sample. */
  finish(): Stereo {
    const kernel = this.#kernel;
    if (!kernel) return { left: new Float32Array(0), right: new Float32Array(0) };
    const edge = new Float32Array(kernel.half + 1);
    this.#left = joined(this.#left, edge);
    this.#right = joined(this.#right, edge);
    return this.#convert(this.#taken);
  }

  /** All output samples whose place in the input is before `end`. */
  #convert(end: number): Stereo {
    const kernel = this.#kernel;
    const until = Math.ceil((end * this.outputRate) / this.inputRate);
    const count = Math.max(0, until - this.#given);
    const out: Stereo = { left: new Float32Array(count), right: new Float32Array(count) };
    if (!kernel || count === 0) return out;
    const gains = new Float32Array(count).fill(1);
    // From whole numbers each time, so that rounding cannot add up over hours.
    const position = (this.#given * this.inputRate) / this.outputRate - this.#heldFrom;
    const { left, right } = out;
    kernel.add(this.#left, this.#right, position, this.#ratio, gains, left, right, 0, count);
    this.#given += count;
    const next = Math.floor((this.#given * this.inputRate) / this.outputRate);
    const spent = Math.max(0, next - kernel.half - this.#heldFrom);
    this.#left = this.#left.slice(spent);
    this.#right = this.#right.slice(spent);
    this.#heldFrom += spent;
    return out;
  }
}

function joined(one: Float32Array, other: Float32Array): Float32Array {
  const both = new Float32Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
