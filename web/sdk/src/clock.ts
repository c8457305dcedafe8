import type { Pong } from "./datagram.js";

/** Answers that are looked at together. */
const WINDOW = 16;

/**
 * Relates this client's clock to the relay's by pings (docs/protocol.md, section 7).
 * Reads no clock by itself: times come in as µs of the clock that stamps the pings.
 */
export class ClockEstimate {
  #samples: { offset: number; roundTrip: number }[] = [];

  /** Takes an answer in that arrived at `now`. */
  add(pong: Pong, now: number): void {
    const there = pong.received - pong.clientTime;
    const back = pong.sent - now;
    this.#samples.push({
      // The halves are taken first: the sum of two times of today would not be exact.
      offset: there / 2 + back / 2,
      roundTrip: Math.max(0, now - pong.clientTime - (pong.sent - pong.received)),
    });
    if (this.#samples.length > WINDOW) this.#samples.shift();
  }

  /** The relay's time in µs when the client's clock shows `now`; `undefined` before the first answer. */
  relayTime(now: number): number | undefined {
    const best = this.#best();
    return best && Math.round(now + best.offset);
  }

  /** The shortest round trip of the newest answers, in µs. */
  get roundTrip(): number | undefined {
    return this.#best()?.roundTrip;
  }

  #best(): { offset: number; roundTrip: number } | undefined {
    let best = this.#samples[0];
    for (const sample of this.#samples) {
      if (best && sample.roundTrip < best.roundTrip) best = sample;
    }
    return best;
  }
}
