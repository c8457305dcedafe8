import type { Quality } from "./state.js";

/** How long a dropout or a loss colours the judgement, µs. */
const MEMORY = 10_000_000;
/** Players this near to their aim sound as one, µs. */
const IN_STEP = 10_000;

/** Counters and figures at one moment. */
export interface ConnectionFigures {
  readonly isPlaying: boolean;
  /** Times that sound stopped for want of frames, so far. */
  readonly gaps: number;
  /** Frames that never came, so far. */
  readonly missing: number;
  /** How far what is heard is from what should be, µs. */
  readonly error: number;
  readonly delayMs: number | undefined;
  /** The delay of everyone who chose none: the channel's own. */
  readonly channelDelayMs: number | undefined;
  readonly jitterMs: number | undefined;
  readonly roundTripMs: number | undefined;
}

export interface Judgement {
  readonly quality: Quality;
  readonly qualityWords: string;
}

/** Puts the connection into words, from what happened in the last ten seconds. */
export class QualityJudge {
  #marks: { at: number; gaps: number; missing: number }[] = [];

  /** @param now µs of an even clock. */
  judge(figures: ConnectionFigures, now: number): Judgement {
    const { isPlaying, gaps, missing, error, delayMs = 0 } = figures;
    this.#marks.push({ at: now, gaps, missing });
    while ((this.#marks[1]?.at ?? now) <= now - MEMORY) this.#marks.shift();
    const begin = this.#marks[0] ?? { gaps, missing };
    const newGaps = Math.max(0, gaps - begin.gaps);
    const lost = Math.max(0, missing - begin.missing);
    if (!isPlaying) return { quality: "unknown", qualityWords: "" };
    const behind = `${delayMs} ms behind live`;
    if (newGaps >= 3) {
      const often = `${newGaps} dropouts in the last 10 seconds`;
      return { quality: "poor", qualityWords: `The connection is too uneven: ${often}` };
    }
    if (newGaps > 0) {
      return { quality: "fair", qualityWords: `A short dropout just now, ${behind}` };
    }
    if (lost > 0) {
      return { quality: "fair", qualityWords: `Some sound was lost on the way, ${behind}` };
    }
    if (Math.abs(error) > IN_STEP) {
      return { quality: "fair", qualityWords: `Getting into step, ${behind}` };
    }
    return { quality: "good", qualityWords: `${place(figures)}${unevenness(figures)}` };
  }

  /** Forgets; the counters begin anew. */
  restart(): void {
    this.#marks = [];
  }
}

/** Where this listener is among all: most are at the channel's own delay. */
function place({ delayMs = 0, channelDelayMs = delayMs }: ConnectionFigures): string {
  const behind = `${delayMs} ms behind live`;
  const apart = delayMs - channelDelayMs;
  if (apart === 0) return `In step with everyone, ${behind}`;
  return apart > 0
    ? `Steady, ${behind}, ${apart} ms after most listeners`
    : `Steady, ${behind}, ${-apart} ms before most listeners`;
}

function unevenness({ jitterMs = 0, roundTripMs = 0 }: ConnectionFigures): string {
  if (jitterMs > 100) return ", on an uneven network";
  if (roundTripMs > 250) return ", on a slow network";
  return "";
}
