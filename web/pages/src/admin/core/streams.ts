import type { StreamStatus } from "@skywave/client";
import { healthOf, type Health } from "./health.js";
import { History } from "./history.js";

/** Ten minutes of listeners. */
const LISTENER_SLOTS = 120;
/** A minute of skipped frames. */
const SKIPPED_SLOTS = 13;
/** A stream's worst lag is that of so many tellings, one a second. */
const LAGS = 5;
/** Streams that are followed; of those past it, by name, only what is told is shown. */
const MAX_FOLLOWED = 8_192;

/** A stream on the air, as the page shows it. */
export interface Row {
  readonly status: StreamStatus;
  readonly health: Health;
  /** Listeners of the last ten minutes, as far as this page has seen them. */
  readonly listeners: History;
}

interface Followed {
  readonly listeners: History;
  readonly skipped: History;
  readonly lags: number[];
}

/** Follows all streams from one telling to the next, each for as long as it is on the air. */
export class Streams {
  #followed = new Map<number, Followed>();

  /** Takes all that is on the air at `now`, ms of the relay's Unix time. */
  update(streams: readonly StreamStatus[], now: number): readonly Row[] {
    const before = this.#followed;
    this.#followed = new Map();
    return streams.map((status) => {
      const followed = before.get(status.streamId) ?? {
        listeners: new History(LISTENER_SLOTS),
        skipped: new History(SKIPPED_SLOTS),
        lags: [],
      };
      if (this.#followed.size < MAX_FOLLOWED) this.#followed.set(status.streamId, followed);
      followed.listeners.add(now, status.listeners);
      followed.skipped.add(now, status.skippedFrames);
      followed.lags.push(status.state === "live" ? status.lagMs : 0);
      if (followed.lags.length > LAGS) followed.lags.shift();
      const health = healthOf(status, {
        lagMs: Math.max(...followed.lags),
        skippedFrames: status.skippedFrames - (followed.skipped.oldest ?? status.skippedFrames),
      });
      return { status, health, listeners: followed.listeners };
    });
  }
}
