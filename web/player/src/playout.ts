import { Aiming, type RelayClock } from "./core/aiming.js";
import { OutputClock } from "./core/output-clock.js";
import type { Aim, Report } from "./core/types.js";
import type { OutputReading } from "./messages.js";

/** Silence shorter than this, in µs, is a gap in playing, not its end. */
const SHORT_SILENCE = 300_000;

/**
 * What is known of the sound's last way, from the renderer to the ear: where the output
 * is, what the renderer does, and so what is heard at any moment.
 */
export class Playout {
  #sampleRate = 48_000;
  #clock = new OutputClock(this.#sampleRate);
  #aiming: Aiming;
  #reading: OutputReading | undefined;
  #report: Report | undefined;
  #soundedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly relayClock: RelayClock) {
    this.#aiming = new Aiming(relayClock, this.#clock);
  }

  /** Of the AudioContext, Hz. */
  get sampleRate(): number {
    return this.#sampleRate;
  }

  /** The renderer's newest report. */
  get report(): Report | undefined {
    return this.#report;
  }

  /** A context of this sample rate begins to run, anew or again: what was known is void. */
  restart(sampleRate = this.#sampleRate): void {
    this.#sampleRate = sampleRate;
    this.#clock = new OutputClock(sampleRate);
    this.#aiming = new Aiming(this.relayClock, this.#clock);
    this.#reading = undefined;
    this.#report = undefined;
    this.#soundedAt = Number.NEGATIVE_INFINITY;
  }

  /**
   * The page has read where the sound is. A context that has just begun tells one and the
   * same place for a second or more, and a wrong one: only a place that moved counts.
   */
  read(reading: OutputReading): void {
    const before = this.#reading;
    this.#reading = reading;
    if (!before || reading.contextTime <= before.contextTime) return;
    this.#clock.add(reading.contextTime, reading.localTime);
  }

  /** The renderer tells what it does, at `now`, local µs. */
  take(report: Report, now: number): void {
    this.#report = report;
    if (report.time !== undefined) this.#soundedAt = now;
  }

  /** Whether there is sound, short gaps aside. */
  isSounding(now: number): boolean {
    return now - this.#soundedAt < SHORT_SILENCE;
  }

  /** From the renderer to the ear, µs. */
  get latency(): number | undefined {
    const heard = this.#reading && this.#clock.frameAt(this.#reading.readAt);
    if (!this.#reading || heard === undefined) return undefined;
    return this.#reading.currentTime * 1e6 - (heard * 1e6) / this.#sampleRate;
  }

  /** The frame time, relay µs, that is heard at `local`; `undefined` where nothing is. */
  heardAt(local: number): number | undefined {
    const report = this.#report;
    const frame = this.#clock.frameAt(local);
    if (report?.time === undefined || frame === undefined) return undefined;
    const step = (1e6 / this.#sampleRate) * (1 + report.ppm / 1e6);
    return report.time + (frame - report.frame) * step;
  }

  /** What the renderer is to aim at; `undefined` while a clock is not known. */
  aim(now: number, delayMs: number): Aim | undefined {
    return this.#aiming.aim(now, delayMs);
  }

  /** How early, ms, a frame of this time is with the renderer; `undefined` as above. */
  marginMs(time: number, now: number, delayMs: number): number | undefined {
    const { latency } = this;
    if (latency === undefined) return undefined;
    return this.#aiming.marginMs(time, now, delayMs, latency / 1_000);
  }
}
