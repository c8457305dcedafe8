import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import type { Stretch } from "./analysis.js";
import { Program } from "./programs.js";

/** A processor that does not come back for so long, ms, has stood still. */
const STILL_MS = 4;
const PERIOD_MS = 2;

/** What runs on each processor: sleeps a period at a time, and tells when it was woken late. */
const SENTRY = `
const { writeSync } = require("node:fs");
const cell = new Int32Array(new SharedArrayBuffer(4));
const time = () => performance.timeOrigin + performance.now();
for (let last = time(); ; ) {
  Atomics.wait(cell, 0, 0, ${PERIOD_MS});
  const now = time();
  if (now - last > ${PERIOD_MS + STILL_MS}) writeSync(1, last + " " + now + "\\n");
  last = now;
}`;

/**
 * Notes when a processor of this machine stood still, as those of a virtual one do whenever
 * its host wants them for something else. A sentry on each, before everything else in line,
 * is late only then. Where nobody may stand before others in line, nothing is noted.
 */
export class Machine {
  readonly #sentries: readonly Program[];
  /** Stretches of local time, ms. */
  readonly #stills: Stretch[] = [];

  private constructor(sentries: readonly Program[]) {
    this.#sentries = sentries;
    for (const { process } of sentries) {
      if (!process.stdout) continue;
      createInterface({ input: process.stdout }).on("line", (line) => {
        const [from = NaN, to = NaN] = line.split(" ").map(Number);
        this.#stills.push({ from, to });
      });
    }
  }

  /** Begins to watch. */
  static watch(): Machine {
    const sentries = Array.from({ length: availableParallelism() }, (_, processor) => {
      const pinned = ["--cpu-list", String(processor), process.execPath, "-e", SENTRY];
      return new Program("sentry", "chrt", ["--fifo", "50", "taskset", ...pinned], {});
    });
    return new Machine(sentries);
  }

  /** The sentries' process ids. */
  get pids(): readonly number[] {
    return this.#sentries.map(({ process }) => process.pid ?? 0);
  }

  /** How often a processor stood still in a stretch of local time, ms. */
  stills({ from, to }: Stretch): number {
    return this.#stills.filter((still) => still.to > from && still.from < to).length;
  }

  async close(): Promise<void> {
    await Promise.all(this.#sentries.map((sentry) => sentry.stop()));
  }
}
