import type { Pong } from "./datagram.js";

/** Answers that are looked at together. */
const WINDOW = 64;
/** Answers of which one block, and one anchor, is made. */
const BLOCK = 16;
/** Anchors that are remembered: with two pings a second, some eight minutes. */
const ANCHORS = 64;
/** Clocks of computers differ in speed by so much, as a standard deviation. */
const USUAL_SKEW = 50e-6;
/** No clock of a computer is wrong by more. */
const MAX_SKEW = 500e-6;
/** An answer that contradicts the estimate by more, in µs, tells that a clock was set. */
const CONTRADICTION = 20_000;
/** So many contradictions in a row are believed. */
const MAX_CONTRADICTIONS = 3;

/** An error is mended within so long, in µs, if the fastest slew allows. */
const SLEW_TIME = 4_000_000;
/** The fastest slew: inaudible, and within what a player follows by its own resampling. */
const MAX_SLEW = 500e-6;
/** In the first seconds, when several ms may be wrong. */
const MAX_YOUNG_SLEW = 2_000e-6;
/** An error past this, in µs, is mended in one step: a player begins anew at such a distance. */
const MAX_SLEWED = 20_000;

/** The clock of a relay. */
export interface RelayClock {
  /**
   * The relay's time, µs, at a time of this client's clock: µs of `Time.now()`, now or
   * some seconds around it. `undefined` before the relay has told its clock.
   */
  relayTime(local: number): number | undefined;
}

/** The relay's clock is the local one plus `offset` at `at`, and gains `skew` on it. */
export interface ClockLine {
  /** Local µs. */
  readonly at: number;
  /** µs. */
  readonly offset: number;
  /** µs a µs. */
  readonly skew: number;
}

/** One answer, or what a block of answers came to. */
interface Sample {
  /** Local µs. */
  readonly at: number;
  /** The offset and the way there, µs: the relay's clock when the ping came, less ours before. */
  readonly there: number;
  /** The offset less the way back, µs: the relay's clock when the pong went, less ours after. */
  readonly back: number;
}

/**
 * Relates this client's clock to the relay's by pings (docs/protocol.md, section 7).
 * Waiting only ever makes a way longer: of a block of answers, the quickest way there
 * and the quickest way back, which need not be the same ping's, tell the offset best.
 * The median over the blocks of the newest answers is the estimate. How fast the clocks
 * part is learned over minutes, as the median of the slopes between blocks (Theil and
 * Sen), and believed as far as the noise lets it.
 *
 * Reads no clock by itself: times come in as µs of the clock that stamps the pings.
 */
export class ClockEstimate {
  #samples: Sample[] = [];
  // The newest anchors; past the bound the oldest go.
  #anchors: Sample[] = [];
  #sinceAnchor = 0;
  #skew = 0;
  #contradictions = 0;
  #jitter = 0;

  /** Takes an answer in that arrived at `now`. */
  add(pong: Pong, now: number): void {
    const sample = {
      at: (pong.clientTime + now) / 2,
      there: pong.received - pong.clientTime,
      back: pong.sent - now,
    };
    this.#restartIfContradicted(sample);
    const before = this.#samples.at(-1);
    if (before) {
      const change = Math.abs(roundTripOf(sample) - roundTripOf(before));
      this.#jitter += (change - this.#jitter) / 16;
    }
    this.#samples.push(sample);
    if (this.#samples.length > WINDOW) this.#samples.shift();
    this.#sinceAnchor += 1;
    if (this.#sinceAnchor >= BLOCK) this.#dropAnchor();
  }

  /** The best guess at `now`; `undefined` before the first answer. */
  lineAt(now: number): ClockLine | undefined {
    if (this.#samples.length === 0) return undefined;
    const blocks: number[] = [];
    for (let end = this.#samples.length; end >= BLOCK || blocks.length === 0; end -= BLOCK) {
      const block = this.#samples.slice(Math.max(0, end - BLOCK), end);
      blocks.push(offsetOf(quickest(block, now, this.#skew)));
    }
    return { at: now, offset: median(blocks), skew: this.#skew };
  }

  /** `first` while the first block of answers is not full, `young` while the second one is not. */
  get stage(): "first" | "young" | "settled" {
    if (this.#samples.length < BLOCK) return "first";
    return this.#samples.length < 2 * BLOCK ? "young" : "settled";
  }

  /** The shortest round trip of the newest answers, in µs. */
  get roundTrip(): number | undefined {
    if (this.#samples.length === 0) return undefined;
    return Math.min(...this.#samples.map(roundTripOf));
  }

  /** How much one round trip differs from the next, in µs, smoothed. */
  get jitter(): number {
    return this.#jitter;
  }

  /** A true offset lies within half a round trip around each answer's. */
  #restartIfContradicted(sample: Sample): void {
    const line = this.lineAt(sample.at);
    const bound = roundTripOf(sample) / 2 + CONTRADICTION;
    const isPossible = !line || Math.abs(offsetOf(sample) - line.offset) <= bound;
    this.#contradictions = isPossible ? 0 : this.#contradictions + 1;
    if (this.#contradictions < MAX_CONTRADICTIONS) return;
    this.#contradictions = 0;
    this.#samples = [];
    this.#anchors = [];
    this.#sinceAnchor = 0;
  }

  #dropAnchor(): void {
    this.#sinceAnchor = 0;
    const block = this.#samples.slice(-BLOCK);
    this.#anchors.push(quickest(block, mean(block.map(({ at }) => at)), this.#skew));
    if (this.#anchors.length > ANCHORS) this.#anchors.shift();
    this.#skew = skewOf(this.#anchors);
  }
}

/**
 * The relay's clock as the client's consumers see it, over all sessions: it follows an
 * estimate without a step, by passing a little faster or slower, once the estimate has
 * its first block of answers, and unless it is off by more than that could mend in good time.
 */
export class SteadyClock implements RelayClock {
  #piece: (ClockLine & { readonly until: number; readonly rate: number }) | undefined;
  #followed: ClockEstimate | undefined;

  relayTime(local: number): number | undefined {
    const piece = this.#piece;
    if (!piece) return undefined;
    const slewed = Math.min(local, piece.until) - piece.at;
    const offset = piece.offset + piece.skew * (local - piece.at) + piece.rate * slewed;
    return Math.round(local + offset);
  }

  /** Follows this estimate, corrected at `now`; a fresh one not before its first block is full. */
  follow(estimate: ClockEstimate, now: number): void {
    const isFirst = estimate.stage === "first";
    if (isFirst && this.#piece && this.#followed !== estimate) return;
    const line = estimate.lineAt(now);
    if (!line) return;
    this.#followed = estimate;
    const shown = this.relayTime(now);
    const error = shown === undefined ? 0 : now + line.offset - shown;
    if (isFirst || shown === undefined || Math.abs(error) > MAX_SLEWED) {
      this.#piece = { ...line, until: now, rate: 0 };
      return;
    }
    const maxSlew = estimate.stage === "young" ? MAX_YOUNG_SLEW : MAX_SLEW;
    const rate = Math.max(-maxSlew, Math.min(maxSlew, error / SLEW_TIME));
    const until = rate === 0 ? now : now + error / rate;
    this.#piece = { ...line, offset: line.offset - error, rate, until };
  }
}

/** The quickest ways of a block, as if all answers had come at `at`. */
function quickest(block: readonly Sample[], at: number, skew: number): Sample {
  return {
    at,
    there: Math.min(...block.map((sample) => sample.there + skew * (at - sample.at))),
    back: Math.max(...block.map((sample) => sample.back + skew * (at - sample.at))),
  };
}

function offsetOf({ there, back }: Sample): number {
  // The halves are taken first: the sum of two times of today would not be exact.
  return there / 2 + back / 2;
}

function roundTripOf({ there, back }: Sample): number {
  return Math.max(0, there - back);
}

/** How fast offsets grow, drawn towards 0 as far as noise could have made it. */
function skewOf(anchors: readonly Sample[]): number {
  if (anchors.length < 3) return 0;
  const slopes: number[] = [];
  anchors.forEach((later, index) => {
    for (const earlier of anchors.slice(0, index)) {
      slopes.push((offsetOf(later) - offsetOf(earlier)) / (later.at - earlier.at));
    }
  });
  const slope = median(slopes);
  const middle = mean(anchors.map(({ at }) => at));
  const level = median(anchors.map((anchor) => offsetOf(anchor) - slope * (anchor.at - middle)));
  const residuals = anchors.map((anchor) =>
    Math.abs(offsetOf(anchor) - slope * (anchor.at - middle) - level),
  );
  // 1.48 medians are a standard deviation; a floor keeps three lucky anchors from certainty.
  const noise = Math.max(1.48 * median(residuals), mean(anchors.map(roundTripOf)) / 16);
  const spread = Math.sqrt(anchors.reduce((sum, { at }) => sum + (at - middle) ** 2, 0));
  const doubt = (noise / spread) ** 2;
  const believed = (slope * USUAL_SKEW ** 2) / (USUAL_SKEW ** 2 + doubt);
  return Math.max(-MAX_SKEW, Math.min(MAX_SKEW, believed));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  return lower + (upper - lower) / 2;
}

function mean(values: readonly number[]): number {
  const first = values[0] ?? 0;
  // Differences are added up: the sum of many times of today would not be exact.
  return first + values.reduce((sum, value) => sum + (value - first), 0) / values.length;
}
