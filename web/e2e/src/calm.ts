import { clicks, during, faults, gaps, track, type Faults, type Point, type Stretch } from "./analysis.js";
import type { Listener, Telemetry } from "./listener.js";
import type { Recording } from "./recording.js";

/** How often a busy machine may spoil a measurement before it counts all the same. */
const ATTEMPTS = 3;

/** A stretch of a recording, and what the player said at its two ends. */
export interface Window {
  readonly within: Stretch;
  readonly before: Telemetry;
  readonly after: Telemetry;
}

/** What was heard in the window that counts. */
export interface Heard extends Window {
  readonly points: readonly Point[];
  readonly faults: Faults;
  /** How many faults each window had, in order: of holes, stalls and clicks. */
  readonly windows: readonly (readonly [number, number, number])[];
}

/**
 * Records a listener from `from` on: for `seconds`, and again where the sound broke off, which
 * on a busy machine need not be the player's doing. Where the network loses audio on purpose
 * (`lossy`), only clicks count. What it was is told by {@link judge} once all is recorded: to
 * find out takes long, and the test's own network would stand still meanwhile.
 */
export async function windows(
  recording: Recording,
  listener: Listener,
  from: number,
  seconds: number,
  lossy = false,
): Promise<Window[]> {
  const found: Window[] = [];
  for (let start = from; ; start = recording.seconds + 1) {
    await recording.until(start);
    const before = await listener.telemetry();
    const within = { from: start, to: start + seconds };
    await recording.until(within.to);
    const after = await listener.telemetry();
    found.push({ within, before, after });
    const heard = recording.ear(listener.ear, start);
    const whole = { from: 0, to: seconds };
    const broke = clicks(heard, whole).length > 0 || (!lossy && gaps(heard, whole).length > 0);
    if (!broke || found.length === ATTEMPTS) return found;
  }
}

/** Takes the window with the fewest faults: the one in which the machine kept up best. */
export function judge(
  recording: Recording,
  listener: Listener,
  source: Float32Array,
  found: readonly Window[],
): Heard {
  const heard = recording.ear(listener.ear);
  const points = track(heard, source);
  const judged = found.map((window) => {
    const all = faults(heard, points, window.within);
    const counts = [all.holes.length, all.stalls.length, all.clicks.length] as const;
    return { ...window, points: during(points, window.within), faults: all, counts };
  });
  const total = (counts: readonly number[]): number => counts.reduce((sum, n) => sum + n, 0);
  const [best] = [...judged].sort((a, b) => total(a.counts) - total(b.counts));
  if (!best) throw new Error("nothing was recorded");
  return { ...best, windows: judged.map(({ counts }) => counts) };
}
