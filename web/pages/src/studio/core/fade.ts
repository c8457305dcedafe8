/** Gain of what leaves in an equal-power crossfade, at `position` from 0 (begin) to 1 (end). */
export function fadeOut(position: number): number {
  return Math.cos((clamp(position) * Math.PI) / 2);
}

/** Gain of what comes in an equal-power crossfade; its square and {@link fadeOut}'s make 1. */
export function fadeIn(position: number): number {
  return Math.sin((clamp(position) * Math.PI) / 2);
}

/** A gain that moves to its target in a straight line, so that a change makes no click. */
export class Ramp {
  #value: number;
  #target: number;
  readonly #step: number;

  /** @param frames Sample frames that a change from 0 to 1 takes. */
  constructor(value: number, frames: number) {
    this.#value = value;
    this.#target = value;
    this.#step = 1 / Math.max(1, frames);
  }

  get value(): number {
    return this.#value;
  }

  get target(): number {
    return this.#target;
  }

  set target(target: number) {
    this.#target = target;
  }

  /** The gain of the next sample frame. */
  next(): number {
    const missing = this.#target - this.#value;
    const isNear = Math.abs(missing) <= this.#step;
    this.#value = isNear ? this.#target : this.#value + Math.sign(missing) * this.#step;
    return this.#value;
  }
}

/** The factor that a level in decibels stands for. */
export function fromDecibels(decibels: number): number {
  return 10 ** (decibels / 20);
}

/** A factor in decibels; silence is -100. */
export function toDecibels(factor: number): number {
  return factor > 1e-5 ? 20 * Math.log10(factor) : -100;
}

function clamp(position: number): number {
  return Math.min(1, Math.max(0, position));
}
