import { closeSync, fstatSync, readSync } from "node:fs";
import type { Stretch } from "./analysis.js";
import type { Machine } from "./machine.js";
import type { Program } from "./programs.js";

/** Sample frames a second, of every recording. */
export const SAMPLE_RATE = 48_000;
const BYTES_A_SAMPLE = 4;

/** Local time in ms since the Unix epoch, as browsers tell it by `timeOrigin + now()`. */
export function localTime(): number {
  return performance.timeOrigin + performance.now();
}

/** How often it is looked how much is recorded, ms: as often as the recorder writes. */
const LOOK_EVERY = 10;

/**
 * What a sound card plays, as it is played: every ear in step, in a file. The recorder writes
 * that file by itself: whatever keeps the test busy, nothing of the sound is lost.
 */
export class Recording {
  readonly #parec: Program;
  readonly #file: number;
  readonly #machine: Machine;
  readonly #ears: number;
  readonly #looking: NodeJS.Timeout;
  /** Sample frames so far, and the least of `local time - frames / rate`, ms. */
  #frames = 0;
  #beginning = Infinity;
  readonly #waiting = new Set<() => void>();

  /**
   * @param parec Records into `file`, a descriptor that this closes in the end: 32-bit
   *   floats, ears interleaved.
   */
  constructor(
    parec: Program,
    file: number,
    machine: Machine,
    ears: number,
    maxSeconds: number,
  ) {
    this.#parec = parec;
    this.#file = file;
    this.#machine = machine;
    this.#ears = ears;
    this.#looking = setInterval(() => {
      this.#look();
      if (this.seconds > maxSeconds) void this.#parec.stop();
    }, LOOK_EVERY);
    void this.#parec.ended.then(() => {
      clearInterval(this.#looking);
      this.#look();
    });
  }

  /** Seconds recorded so far. */
  get seconds(): number {
    return this.#frames / SAMPLE_RATE;
  }

  /**
   * Local time in ms at which the first sample sounded. What is recorded is seen late, never
   * early, so the earliest look of all tells; right to some ms after a few seconds.
   */
  get beginning(): number {
    return this.#beginning;
  }

  /** Where in the recording, in seconds, a local time in ms is. */
  at(local: number): number {
    return (local - this.#beginning) / 1000;
  }

  /** Waits until more than so many seconds are recorded. */
  async until(seconds: number): Promise<void> {
    while (this.seconds <= seconds) {
      const ended = this.#parec.ended.then((how) => `the recording ended with ${how}`);
      const grown = new Promise<undefined>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          resolve(undefined);
        };
        this.#waiting.add(wake);
      });
      const why = await Promise.race([grown, ended]);
      if (why !== undefined) throw new Error(`${why}: ${this.#parec.said.join("\n")}`);
    }
  }

  /** Waits until so many more seconds are recorded. */
  async further(seconds: number): Promise<void> {
    await this.until(this.seconds + seconds);
  }

  /** What one ear has heard so far, or until so many seconds, since so many seconds. */
  ear(ear: number, since = 0, to = this.seconds): Float32Array {
    const first = Math.round(since * SAMPLE_RATE);
    const end = Math.min(this.#frames, Math.round(to * SAMPLE_RATE));
    const samples = new Float32Array(Math.max(0, end - first));
    const size = this.#ears * BYTES_A_SAMPLE;
    const second = Buffer.alloc(SAMPLE_RATE * size);
    for (let done = 0; done < samples.length; done += SAMPLE_RATE) {
      const frames = Math.min(SAMPLE_RATE, samples.length - done);
      readSync(this.#file, second, 0, frames * size, (first + done) * size);
      for (let n = 0; n < frames; n++) {
        samples[done + n] = second.readFloatLE(n * size + ear * BYTES_A_SAMPLE);
      }
    }
    return samples;
  }

  /** When a processor of this machine stood still, in s into the recording. */
  get stills(): Stretch[] {
    return this.#machine.stills.map(({ from, to }) => ({ from: this.at(from), to: this.at(to) }));
  }

  /** The loudest sample of an ear since so many seconds. */
  peak(ear: number, since: number): number {
    return this.ear(ear, since).reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
  }

  /** Waits for a sample of an ear above `level` after `since` seconds; its place, in seconds. */
  async sound(ear: number, since: number, level: number, within: number): Promise<number> {
    for (let from = since; ; ) {
      const heard = this.ear(ear, from);
      const first = heard.findIndex((sample) => Math.abs(sample) > level);
      if (first >= 0) return from + first / SAMPLE_RATE;
      if (this.seconds > since + within) throw new Error(`ear ${ear}: silence for ${within} s`);
      from += heard.length / SAMPLE_RATE;
      await this.until(this.seconds);
    }
  }

  /** Ends the recording; what was recorded stays. */
  async stop(): Promise<void> {
    await this.#parec.stop();
  }

  /** Ends it, and forgets what was recorded. */
  async close(): Promise<void> {
    await this.stop();
    closeSync(this.#file);
  }

  #look(): void {
    const frames = Math.floor(fstatSync(this.#file).size / (this.#ears * BYTES_A_SAMPLE));
    if (frames === this.#frames) return;
    this.#frames = frames;
    this.#beginning = Math.min(this.#beginning, localTime() - this.seconds * 1000);
    for (const wake of [...this.#waiting]) wake();
  }
}
