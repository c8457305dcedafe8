import type { Program } from "./programs.js";

/** Sample frames a second, of every recording. */
export const SAMPLE_RATE = 48_000;
const BYTES_A_SAMPLE = 4;

/** Local time in ms since the Unix epoch, as browsers tell it by `timeOrigin + now()`. */
export function localTime(): number {
  return performance.timeOrigin + performance.now();
}

/** What a sound card plays, as it is played: every ear in step, in memory. */
export class Recording {
  readonly #parec: Program;
  readonly #ears: number;
  readonly #samples: Float32Array;
  /** Sample frames so far, and the least of `local time - frames / rate`, ms. */
  #frames = 0;
  #beginning = Infinity;
  #rest = Buffer.alloc(0);
  readonly #waiting = new Set<() => void>();

  constructor(parec: Program, ears: number, maxSeconds: number) {
    this.#parec = parec;
    this.#ears = ears;
    this.#samples = new Float32Array(Math.ceil(maxSeconds * SAMPLE_RATE) * ears);
    parec.process.stdout?.on("data", (chunk: Buffer) => {
      this.#take(chunk);
    });
  }

  /** Seconds recorded so far. */
  get seconds(): number {
    return this.#frames / SAMPLE_RATE;
  }

  /**
   * Local time in ms at which the first sample sounded. Chunks come late, never early, so
   * the earliest one of all tells; right to some ms after a few seconds.
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

  /** What one ear has heard so far, since so many seconds. */
  ear(ear: number, since = 0): Float32Array {
    const first = Math.round(since * SAMPLE_RATE);
    const samples = new Float32Array(Math.max(0, this.#frames - first));
    for (let n = 0; n < samples.length; n++) {
      samples[n] = this.#samples[(first + n) * this.#ears + ear] ?? 0;
    }
    return samples;
  }

  /** The loudest sample of an ear since so many seconds. */
  peak(ear: number, since: number): number {
    let peak = 0;
    for (let frame = Math.floor(since * SAMPLE_RATE); frame < this.#frames; frame++) {
      peak = Math.max(peak, Math.abs(this.#samples[frame * this.#ears + ear] ?? 0));
    }
    return peak;
  }

  /** Waits for a sample of an ear above `level` after `since` seconds; its place, in seconds. */
  async sound(ear: number, since: number, level: number, within: number): Promise<number> {
    let frame = Math.floor(since * SAMPLE_RATE);
    for (;;) {
      for (; frame < this.#frames; frame++) {
        const sample = this.#samples[frame * this.#ears + ear] ?? 0;
        if (Math.abs(sample) > level) return frame / SAMPLE_RATE;
      }
      if (this.seconds > since + within) throw new Error(`ear ${ear}: silence for ${within} s`);
      await this.until(this.seconds);
    }
  }

  /** Ends the recording; what was recorded stays. */
  async stop(): Promise<void> {
    await this.#parec.stop();
  }

  #take(chunk: Buffer): void {
    const now = localTime();
    const bytes = Buffer.concat([this.#rest, chunk]);
    const size = this.#ears * BYTES_A_SAMPLE;
    const whole = Math.floor(bytes.length / size);
    this.#rest = Buffer.from(bytes.subarray(whole * size));
    const room = this.#samples.length / this.#ears - this.#frames;
    // A recording that is full goes on without what is new.
    const frames = Math.min(whole, room);
    const start = this.#frames * this.#ears;
    for (let n = 0; n < frames * this.#ears; n++) {
      this.#samples[start + n] = bytes.readFloatLE(n * BYTES_A_SAMPLE);
    }
    this.#frames += frames;
    if (frames > 0) {
      this.#beginning = Math.min(this.#beginning, now - (this.#frames / SAMPLE_RATE) * 1000);
    }
    if (frames < whole) void this.#parec.stop();
    for (const wake of [...this.#waiting]) wake();
  }
}
