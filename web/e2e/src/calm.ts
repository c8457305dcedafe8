import {
  clicks,
  during,
  faults,
  gaps,
  isExcused,
  level,
  meeting,
  number,
  track,
  withoutExcuse,
  type Faults,
  type Point,
  type Stretch,
} from "./analysis.js";
import type { Listener, Telemetry } from "./listener.js";
import type { Recording } from "./recording.js";

/** s of sound that are looked at together: for some ms, in which the test's network stands still. */
const PIECE = 1;
/** A piece fainter than this share of the first one has more silence than {@link gaps} can tell. */
const FAINT = 0.8;

/** s after which a player that was thrown out of step is in step again. */
const BACK_IN_STEP = 1.5;

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
  /** Faults that are left out: the machine stood still then. */
  readonly excused: number;
  /** How often the machine stood still in the window. */
  readonly stills: number;
}

/** s that a recording must be able to take for a window of `seconds`, and for what leads to it. */
export function longest(seconds: number): number {
  return 3 * seconds + 60;
}

/**
 * Records a listener from `from` on: for `seconds`, and anew where the sound breaks off while
 * the machine ran, which where it is busy need not be the player's doing. Where the network
 * loses audio on purpose (`lossy`), only clicks count. After as long again it counts as it is:
 * it takes three times `seconds` at the most.
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
    const isFaint = level(heard) < FAINT * usual;
    const found = clicks(heard).map(({ at }) => at);
    if (!lossy) found.push(...gaps(heard).map(({ from }) => from), ...(isFaint ? [0] : []));
    const { stills } = recording;
    if (found.some((at) => !isExcused(start + done + at, stills))) return done;
  }
  return undefined;
}

/**
 * Where an ear's sound broke off since the machine stood still, and until its player has had
 * the time to be in step again: what is heard there says how long the machine stood still.
 */
export function disturbed(recording: Recording, ear: number, within: Stretch): Stretch[] {
  const { stills } = recording;
  return gaps(recording.ear(ear), within)
    .filter(({ from }) => isExcused(from, stills))
    .map(({ from, to }) => ({ from, to: to + BACK_IN_STEP }));
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
  const all = faults(heard, points, window.within);
  const { stills } = recording;
  const own = withoutExcuse(all, stills);
  return {
    ...window,
    points: during(points, window.within),
    faults: own,
    excused: number(all) - number(own),
    stills: meeting(stills, window.within).length,
  };
}
