import type { RelayStatus } from "@skywave/client";

/** The rate is that of so many ms at the most. */
const SPAN_MS = 5_000;

type Told = Pick<RelayStatus, "startedAt" | "now" | "bytesOut">;

/** How much audio goes out, from a relay's count of bytes since its start. */
export class Throughput {
  // One a second while it is told: what is older than the span is left out.
  #told: Told[] = [];

  add(status: Told): void {
    const last = this.#told.at(-1);
    const isSameRun = last?.startedAt === status.startedAt && last.now < status.now;
    const kept = isSameRun ? this.#told.filter(({ now }) => now >= status.now - SPAN_MS) : [];
    this.#told = [...kept, status];
  }

  /** Mbit/s of the last seconds; `undefined` before the relay has told twice. */
  get mbits(): number | undefined {
    const [first] = this.#told;
    const last = this.#told.at(-1);
    if (!first || !last || first === last) return undefined;
    return ((last.bytesOut - first.bytesOut) * 8) / (last.now - first.now) / 1_000;
  }
}
