/** How soon to hear what is on the air. A number is a delay in ms, up to 4000, that never changes. */
export type DelayMode = "low" | "normal" | "steady" | number;

/**
 * The delays, in ms, that listeners move on where their base is too short. All listeners
 * have the same steps, so that those with like conditions are in step with each other.
 */
export const LADDER: readonly number[] = [100, 200, 300, 500, 750, 1_000, 1_500, 2_000];

/** The longest delay, ms, that the renderer has room for. */
const MAX_DELAY = 4_000;
/** Blocks need to be there so long before their moment, ms: a fade, render quanta, the way there. */
const THIN = 15;
/** Margin, ms, that has to be left at a lower step for going down to it. */
const COMFORT = 40;
/** What came too late within so many µs is one episode. */
const EPISODE = 1e6;
/** An episode that lasts so long, in µs, is reason enough to go up. */
const LASTING = 0.6e6;
/** Two episodes within so many µs are. */
const MEMORY = 20e6;
/** µs after a join in which margins tell nothing yet. */
const SETTLING = 2e6;
/** µs after a change in which they do not, either. */
const CHANGING = 1e6;
/** µs of calm before the first step down; doubled each time that a step down proved wrong. */
const CALM = 120e6;
/** A step down that does not last so long, in µs, was wrong. */
const LASTS = 3_600e6;
const MAX_CALM = 1_920e6;

/**
 * Chooses the target delay: from its base one step up the ladder when blocks come too
 * late, or nearly so, again and again; one step down, never below its base, after long calm
 * in which the lower step would have done. A step down that has to be taken back makes the
 * next one wait twice as long, so that it settles whatever the network does.
 *
 * Reads no clock: times are local µs.
 */
export class DelayControl {
  /** How long the relay may gather frames for one write, ms: what to join with. */
  readonly latencyMs: number;
  readonly #steps: readonly number[];
  #step = 0;
  #settledAt: number | undefined;
  #calmSince = 0;
  #calm = CALM;
  /** The least margin since `#calmSince`, ms. */
  #least = Infinity;
  #episode: { began: number; last: number } | undefined;
  #lastEpisode: number | undefined;
  #wentDownAt: number | undefined;

  /**
   * @param mode What the listener chose.
   * @param channelDelayMs The channel's own target delay, of the join's answer.
   */
  constructor(mode: DelayMode, channelDelayMs: number) {
    const base = baseDelay(mode, channelDelayMs);
    const isFixed = typeof mode === "number";
    this.#steps = isFixed ? [base] : [base, ...LADDER.filter((delay) => delay > base)];
    this.latencyMs = latencyFor(mode);
  }

  /** The target delay now, ms. */
  get delayMs(): number {
    return this.#steps[this.#step] ?? 0;
  }

  /** How long a frame may wait for a missing one before it, ms. */
  get patienceMs(): number {
    return Math.max(20, this.delayMs - this.latencyMs - 50);
  }

  /** A join, or another one: margins of the frames that it opens with tell nothing. */
  settle(now: number): void {
    this.#settle(now + SETTLING);
  }

  /** An audible block was ready `marginMs` before the renderer needs it at the delay of now. */
  observe(marginMs: number, now: number): void {
    if (this.#settledAt === undefined) this.settle(now);
    if (this.#settledAt === undefined || now < this.#settledAt) return;
    this.#least = Math.min(this.#least, marginMs);
    if (marginMs < THIN) this.#handleThin(now);
    else if (now - this.#calmSince >= this.#calm) this.#considerDown(now);
  }

  #handleThin(now: number): void {
    const current = this.#episode;
    if (current && now - current.last < EPISODE) {
      current.last = now;
    } else {
      this.#lastEpisode = current?.last;
      this.#episode = { began: now, last: now };
    }
    const isLasting = current !== undefined && now - current.began >= LASTING;
    const isAgain = this.#lastEpisode !== undefined && now - this.#lastEpisode < MEMORY;
    if (isLasting || isAgain) this.#goUp(now);
  }

  #goUp(now: number): void {
    if (this.#step === this.#steps.length - 1) return;
    if (this.#wentDownAt !== undefined && now - this.#wentDownAt < LASTS) {
      this.#calm = Math.min(MAX_CALM, 2 * this.#calm);
    }
    this.#wentDownAt = undefined;
    this.#change(this.#step + 1, now);
  }

  #considerDown(now: number): void {
    const lower = this.#steps[this.#step - 1];
    const spare = lower === undefined ? 0 : this.#least - (this.delayMs - lower);
    if (lower === undefined || spare < COMFORT) {
      this.#calmSince = now;
      this.#least = Infinity;
      return;
    }
    this.#wentDownAt = now;
    this.#change(this.#step - 1, now);
  }

  #settle(at: number): void {
    this.#settledAt = at;
    this.#calmSince = this.#settledAt;
    this.#least = Infinity;
    this.#episode = undefined;
  }

  #change(step: number, now: number): void {
    this.#step = step;
    this.#lastEpisode = undefined;
    this.#settle(now + CHANGING);
  }
}

function baseDelay(mode: DelayMode, channelDelayMs: number): number {
  if (mode === "low") return 100;
  if (mode === "normal") return channelDelayMs;
  if (mode === "steady") return Math.max(500, channelDelayMs);
  return Math.min(MAX_DELAY, Math.max(0, mode));
}

function latencyFor(mode: DelayMode): number {
  if (mode === "low") return 0;
  if (mode === "normal") return 40;
  if (mode === "steady") return 200;
  if (mode < 150) return 0;
  return mode < 400 ? 40 : 200;
}
