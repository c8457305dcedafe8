import { clicks, during, faults, gaps, level, track, type Faults, type Point, type Stretch } from "./analysis.js";
import type { Listener, Telemetry } from "./listener.js";
import type { Recording } from "./recording.js";

/** s of sound that are looked at together: for some ms, in which the test's network stands still. */
const PIECE = 1;
/** A piece fainter than this share of the first one has more silence than {@link gaps} can tell. */
const FAINT = 0.8;

/** A stretch of a recording, and what the player said at its two ends. */
export interface Window {
  readonly within: Stretch;
  readonly before: Telemetry;
  readonly after: Telemetry;
  /** s into each window before this one at which its sound broke off, or clicked. */
  readonly spoiled: readonly number[];
}

/** What was heard in a window. */
export interface Heard extends Window {
  readonly points: readonly Point[];
  readonly faults: Faults;
}

/**
 * Records a listener from `from` on: for `seconds`, and anew where the sound breaks off, which
 * on a busy machine need not be the player's doing. Where the network loses audio on purpose
 * (`lossy`), only clicks count. After as long again it counts as it is: it takes three times
 * `seconds` at the most.
 */
export async function calm(
  recording: Recording,
  listener: Listener,
  from: number,
  seconds: number,
  lossy = false,
): Promise<Window> {
  const spoiled: number[] = [];
  for (let start = from; ; start = recording.seconds + 1) {
    await recording.until(start);
    const before = await listener.telemetry();
    const broke = await fault(recording, listener.ear, start, seconds, lossy);
    const isLast = start - from >= seconds;
    if (broke !== undefined && !isLast) {
      spoiled.push(broke);
      continue;
    }
    const within = { from: start, to: start + seconds };
    await recording.until(within.to);
    return { within, before, after: await listener.telemetry(), spoiled };
  }
}

/** Waits for a first fault; how many seconds after `start` it was. */
async function fault(
  recording: Recording,
  ear: number,
  start: number,
  seconds: number,
  lossy: boolean,
): Promise<number | undefined> {
  let usual: number | undefined;
  for (let done = 0; done < seconds; done += PIECE) {
    const end = start + Math.min(seconds, done + PIECE);
    await recording.until(end);
    const heard = recording.ear(ear, start + done, end);
    usual ??= level(heard);
    const isSilent = level(heard) < FAINT * usual || gaps(heard).length > 0;
    if (clicks(heard).length > 0 || (!lossy && isSilent)) return done;
  }
  return undefined;
}

/** What was heard in a window, compared with what the station sent. */
export function judge(
  recording: Recording,
  listener: Listener,
  source: Float32Array,
  window: Window,
): Heard {
  const heard = recording.ear(listener.ear);
  const points = track(heard, source);
  return {
    ...window,
    points: during(points, window.within),
    faults: faults(heard, points, window.within),
  };
}
