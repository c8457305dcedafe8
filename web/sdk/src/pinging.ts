import { ClockEstimate } from "./clock.js";
import { encodePing, type Pong } from "./datagram.js";
import type { Time } from "./time.js";

/** The first pings follow each other faster, for a first idea of the clock. */
const FIRST_PINGS = 16;
const FIRST_PING_MS = 30;
const PING_MS = 500;
/**
 * A relay that leaves so many pings without an answer is gone. Pings are counted and
 * not seconds, so that a page whose timers were throttled does not blame the relay.
 */
const MAX_UNANSWERED = 10;

/** The wait after the ping with this number, in ms: fewer than the 50 datagrams a relay takes. */
export function pingWait(id: number): number {
  return id < FIRST_PINGS ? FIRST_PING_MS : PING_MS;
}

/** Pings the relay for as long as a session lasts. */
export class Pings {
  readonly estimate = new ClockEstimate();
  #unanswered = 0;
  #stopTimer: () => void = () => undefined;

  /** @param onSilence Told, once, that the relay answers no more. */
  constructor(
    private readonly time: Time,
    private readonly send: (ping: Uint8Array) => void,
    private readonly onSilence: () => void,
  ) {
    this.#ping(1);
  }

  /** An answer has come. */
  answered(pong: Pong): void {
    this.#unanswered = 0;
    this.estimate.add(pong, this.time.now());
  }

  stop(): void {
    this.#stopTimer();
  }

  #ping(id: number): void {
    if (this.#unanswered === MAX_UNANSWERED) {
      this.onSilence();
      return;
    }
    if (id > FIRST_PINGS) this.#unanswered += 1;
    this.send(encodePing(id, this.time.now()));
    this.#stopTimer = this.time.after(pingWait(id), () => {
      this.#ping(id + 1);
    });
  }
}
