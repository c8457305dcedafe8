import type { OutputClock } from "./output-clock.js";
import type { Aim } from "./types.js";

/** What tells the relay's time: the client's clock. */
export interface RelayClock {
  /** Relay µs at this local time; `undefined` before it is known. */
  relayTime(local: number): number | undefined;
}

/** µs over which the rate of the relay's clock is read. */
const RATE_SPAN = 1_000_000;
/** A clock that differs more than so from its nominal rate is being corrected, not running. */
const MAX_RATE_ERROR = 0.002;

/**
 * Combines the clocks: a frame is to leave the device when the relay's clock shows its
 * time plus the target delay.
 */
export class Aiming {
  constructor(
    private readonly clock: RelayClock,
    private readonly output: OutputClock,
  ) {}

  /**
   * What to render when, as far as is known at `now`.
   *
   * @param now Local time, µs.
   * @param delayMs The target delay.
   */
  aim(now: number, delayMs: number): Aim | undefined {
    const relayNow = this.clock.relayTime(now);
    const frame = this.output.frameAt(now);
    if (relayNow === undefined || frame === undefined) return undefined;
    const whole = Math.round(frame);
    const { framesPerMicro } = this.output;
    const step = this.#relayRate(now, relayNow) / framesPerMicro;
    return { frame: whole, time: relayNow - delayMs * 1_000 + (whole - frame) * step, step };
  }

  /**
   * How long before the renderer needs it a frame is there at `now`, in ms; negative: too late.
   *
   * @param time The frame's time, relay µs.
   * @param outputMs How long before the sound leaves the device the renderer renders it.
   */
  marginMs(time: number, now: number, delayMs: number, outputMs: number): number | undefined {
    const relayNow = this.clock.relayTime(now);
    if (relayNow === undefined) return undefined;
    return (time - relayNow) / 1_000 + delayMs - outputMs;
  }

  #relayRate(now: number, relayNow: number): number {
    const later = this.clock.relayTime(now + RATE_SPAN);
    const rate = later === undefined ? 1 : (later - relayNow) / RATE_SPAN;
    return Math.abs(rate - 1) < MAX_RATE_ERROR ? rate : 1;
  }
}
