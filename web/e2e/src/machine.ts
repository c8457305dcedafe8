import { readFile } from "node:fs/promises";
import type { Stretch } from "./analysis.js";
import { mayRunFirst, Program } from "./programs.js";

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
  readonly #stills: Stretch[] = [];

  private constructor(processors: readonly number[]) {
    this.#sentries = processors.map((processor) => {
      const pinned = ["--cpu-list", String(processor), process.execPath, "-e", SENTRY];
      const first = ["--fifo", "50", "taskset", ...pinned];
      return new Program("sentry", "chrt", first, {}).hearStdout((line) => {
        const [from = NaN, to = NaN] = line.split(" ").map(Number);
        this.#stills.push({ from, to });
      });
    });
  }

  /** Begins to watch. */
  static async watch(): Promise<Machine> {
    return new Machine((await mayRunFirst()) ? await processors() : []);
  }

  /** The sentries' process ids. */
  get pids(): readonly number[] {
    return this.#sentries.map(({ process }) => process.pid ?? 0);
  }

  /** When a processor stood still: stretches of local time, ms. */
  get stills(): readonly Stretch[] {
    return this.#stills;
  }

  async close(): Promise<void> {
    await Promise.all(this.#sentries.map((sentry) => sentry.stop()));
  }
}

/** The processors on which this process may run, as proc(5) tells them: `0-1,4`. */
async function processors(): Promise<number[]> {
  const status = await readFile("/proc/self/status", "utf8");
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? "0";
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, n) => first + n);
  });
}
