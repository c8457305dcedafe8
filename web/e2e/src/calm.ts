import { clicks, during, faults, gaps, level, track, type Faults, type Point, type Stretch } from "./analysis.js";
import type { Listener, Telemetry } from "./listener.js";
import type { Machine } from "./machine.js";
import type { Recording } from "./recording.js";

/** s of sound that are looked at together: for some ms, in which the test's network stands still. */
const PIECE = 1;
/** A piece fainter than this share of the first one has more silence than {@link gaps} can tell. */
const FAINT = 0.8;
/** ms from a moment at which the browser could not render to the gap that is heard, at most. */
const RENDERED_AHEAD = 200;

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

/** A recording of a listener, on a machine that may stand still. */
export interface Place {
  readonly recording: Recording;
  readonly machine: Machine;
  readonly listener: Listener;
}

/**
 * Records a listener from `from` on: for `seconds`, and anew where the sound breaks off while
 * the machine ran, which where it is busy need not be the player's doing. Where the network
 * loses audio on purpose (`lossy`), only clicks count. After as long again it counts as it is:
 * it takes three times `seconds` at the most.
 */
export async function calm(
  place: Place,
  from: number,
  seconds: number,
  lossy = false,
): Promise<Window> {
  const { recording, listener } = place;
  const spoiled: number[] = [];
  for (let start = from; ; start = recording.seconds + 1) {
    await recording.until(start);
    const before = await listener.telemetry();
    const broke = await fault(place, start, seconds, lossy);
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
  place: Place,
  start: number,
  seconds: number,
  lossy: boolean,
): Promise<number | undefined> {
  const { recording, listener } = place;
  let usual: number | undefined;
  for (let done = 0; done < seconds; done += PIECE) {
    const end = start + Math.min(seconds, done + PIECE);
    await recording.until(end);
    const heard = recording.ear(listener.ear, start + done, end);
    usual ??= level(heard);
    const isFaint = level(heard) < FAINT * usual;
    const found = clicks(heard).map(({ at }) => at);
    if (!lossy) found.push(...gaps(heard).map(({ from }) => from), ...(isFaint ? [0] : []));
    if (found.some((at) => !isExcused(place, start + done + at))) return done;
  }
  return undefined;
}

/** Whether the machine stood still when that was rendered which is heard at this second. */
function isExcused({ recording, machine }: Place, at: number): boolean {
  const heard = recording.beginning + at * 1000;
  return machine.stills({ from: heard - RENDERED_AHEAD, to: heard }) > 0;
}

/** What was heard in a window, compared with what the station sent. */
export function judge(place: Place, source: Float32Array, window: Window): Heard {
  const { recording, machine, listener } = place;
  const heard = recording.ear(listener.ear);
  const points = track(heard, source);
  const all = faults(heard, points, window.within);
  const counts = {
    holes: all.holes.filter(({ from }) => !isExcused(place, from)),
    stalls: all.stalls.filter(({ from }) => !isExcused(place, from)),
    clicks: all.clicks.filter(({ at }) => !isExcused(place, at)),
  };
  const number = ({ holes, stalls, clicks }: Faults): number =>
    holes.length + stalls.length + clicks.length;
  const local = (at: number): number => recording.beginning + at * 1000;
  return {
    ...window,
    points: during(points, window.within),
    faults: counts,
    excused: number(all) - number(counts),
    stills: machine.stills({ from: local(window.within.from), to: local(window.within.to) }),
  };
}
