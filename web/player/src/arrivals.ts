/** Frames that are looked at together: some ten seconds. */
const WINDOW = 400;

/** How evenly frames arrive: each against its own time, the earliest being 0. */
export class Arrivals {
  #delays: number[] = [];

  /** A frame with this own time was here at `relayNow`; both relay µs. */
  add(frameTime: number, relayNow: number): void {
    this.#delays.push(relayNow - frameTime);
    if (this.#delays.length > WINDOW) this.#delays.shift();
  }

  /** The 95th of a hundred frames came so many ms later than the earliest one. */
  get jitterMs(): number | undefined {
    if (this.#delays.length === 0) return undefined;
    const sorted = [...this.#delays].sort((a, b) => a - b);
    const late = sorted[Math.floor((sorted.length - 1) * 0.95)] ?? 0;
    return (late - (sorted[0] ?? 0)) / 1_000;
  }

  restart(): void {
    this.#delays = [];
  }
}
