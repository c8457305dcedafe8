import type { StreamStatus } from "@skywave/client";
import { plural } from "../../ui/format.js";

/** From here on a pause between frames is heard by somebody, and is said. */
const LATE_MS = 500;
/** From here on everybody hears nothing. */
const SILENT_MS = 3_000;
/** Frames a second of most MP3, to know what share of them was skipped. */
const FRAMES_PER_SECOND = 38;
/** Of all frames handed out; from here on listeners are said to be too slow. */
const SKIPPED_SHARE = 0.01;

/** How a stream does. */
export interface Health {
  readonly level: "good" | "fair" | "bad";
  /** A word or two. */
  readonly label: string;
  /** What it is seen from, a sentence. */
  readonly why: string;
}

/** What was seen of a stream lately, beside how it is now. */
export interface Lately {
  /** The longest `lagMs` of the last seconds. */
  readonly lagMs: number;
  /** Frames skipped for slow listeners in the last minute. */
  readonly skippedFrames: number;
}

/** How a stream does, and why that is said of it. */
export function healthOf(
  { state, lagMs, listeners }: Pick<StreamStatus, "state" | "lagMs" | "listeners">,
  lately: Lately,
): Health {
  if (state === "waiting") {
    const why = `The last frame came ${seconds(lagMs)} ago; it may still come back.`;
    return { level: "bad", label: "Publisher lost", why };
  }
  if (lagMs >= SILENT_MS) {
    const why = `The publisher is there, but no frame has come for ${seconds(lagMs)}.`;
    return { level: "bad", label: "Silent", why };
  }
  const worst = Math.max(lagMs, lately.lagMs);
  if (worst >= LATE_MS) {
    const why = `In the last seconds frames were up to ${seconds(worst)} apart.`;
    return { level: "fair", label: "Late", why };
  }
  const skipped = lately.skippedFrames;
  const words = `${plural(skipped, "frame")} skipped for slow listeners in the last minute.`;
  const handedOut = Math.max(1, listeners) * FRAMES_PER_SECOND * 60;
  if (skipped > handedOut * SKIPPED_SHARE) {
    return { level: "fair", label: "Slow listeners", why: words };
  }
  const steady = "Frames come steadily.";
  return { level: "good", label: "Good", why: skipped === 0 ? steady : `${steady} ${words}` };
}

function seconds(ms: number): string {
  return ms < 9_950 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}
