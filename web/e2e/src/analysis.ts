import { SAMPLE_RATE } from "./recording.js";
import { Spectrum } from "./spectrum.js";

/** Which moment of the source is heard at one moment of a recording. */
export interface Point {
  /** s into the recording: the middle of the stretch that was looked at. */
  readonly at: number;
  /** s into the source; `undefined` where nothing of it is heard. */
  readonly position: number | undefined;
  /** How alike the two are there: 1 is the same, 0 has nothing to do with it. */
  readonly match: number;
}

/** A stretch of a recording, in s. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export interface Click {
  /** s into the recording. */
  readonly at: number;
  /** Peak of what is above the source's band, of a full scale of 1. */
  readonly peak: number;
}

/** A stretch of this length is compared at a time: 85 ms. */
const WINDOW = 4096;
/** Samples to either side in which the next position is looked for first. */
const NEAR = 48;
/** A match below this is none. */
const ALIKE = 0.7;
/** Steps without a match, after which the source is searched from end to end. */
const LOOK_EVERYWHERE = 8;
/** Below this level (RMS) there is silence. */
const SILENCE = 0.003;

/**
 * Follows a recording through its source, `hop` seconds a step. The source does not repeat
 * itself; a recording that begins it anew is followed as well.
 */
export function track(recording: Float32Array, source: Float32Array, hop = 0.05): Point[] {
  const points: Point[] = [];
  const spectrum = new Spectrum(source);
  const step = Math.round(hop * SAMPLE_RATE);
  let expected: number | undefined;
  let lost = 0;
  for (let start = 0; start + WINDOW <= recording.length; start += step) {
    const window = recording.subarray(start, start + WINDOW);
    const at = (start + WINDOW / 2) / SAMPLE_RATE;
    let found: { offset: number; match: number } | undefined;
    if (level(window) > SILENCE) {
      if (expected !== undefined) found = near(window, source, Math.round(expected));
      if (!found || found.match < ALIKE) {
        // To look everywhere takes long: where the track was lost, only now and then.
        lost += 1;
        const isLost = expected === undefined || lost % LOOK_EVERYWHERE === 0;
        const roughly = spectrum.find(window, isLost ? undefined : expected);
        const sharp = near(window, source, roughly);
        if (!found || sharp.match > found.match) found = sharp;
      }
    }
    if (found && found.match >= ALIKE) {
      const position = (found.offset + WINDOW / 2) / SAMPLE_RATE;
      points.push({ at, position, match: found.match });
      expected = found.offset + step;
      lost = 0;
    } else {
      points.push({ at, position: undefined, match: found?.match ?? 0 });
      if (expected !== undefined) expected += step;
    }
  }
  return points;
}

/** Stretches where a sound of constant loudness is not there, or fainter by `depth` dB. */
export function gaps(recording: Float32Array, within?: Stretch, depth = 9): Stretch[] {
  const { from, to } = within ?? { from: 0, to: recording.length / SAMPLE_RATE };
  const start = Math.round(from * SAMPLE_RATE);
  const end = Math.min(recording.length, Math.round(to * SAMPLE_RATE));
  // Two ms are more than one period of the lowest pitch.
  const width = 96;
  const levels: number[] = [];
  for (let n = start; n + width <= end; n += width / 2) {
    levels.push(level(recording.subarray(n, n + width)));
  }
  const bound = middle(levels) * 10 ** (-depth / 20);
  const found: { from: number; to: number }[] = [];
  levels.forEach((value, n) => {
    if (value >= bound) return;
    const begin = (start + (n * width) / 2) / SAMPLE_RATE;
    const finish = begin + width / SAMPLE_RATE;
    const last = found.at(-1);
    if (last && begin <= last.to + 1e-3) last.to = finish;
    else found.push({ from: begin, to: finish });
  });
  return found;
}

/** Moments at which there is sound above the source's band: what a jump in the samples makes. */
export function clicks(recording: Float32Array, within?: Stretch, bound = 0.01): Click[] {
  const { from, to } = within ?? { from: 0, to: recording.length / SAMPLE_RATE };
  const start = Math.max(HIGH.length, Math.round(from * SAMPLE_RATE));
  const end = Math.min(recording.length, Math.round(to * SAMPLE_RATE));
  const found: { at: number; peak: number }[] = [];
  for (let n = start; n < end; n++) {
    let high = 0;
    for (let k = 0; k < HIGH.length; k++) high += (HIGH[k] ?? 0) * (recording[n - k] ?? 0);
    const peak = Math.abs(high);
    if (peak < bound) continue;
    const at = (n - HIGH.length / 2) / SAMPLE_RATE;
    const last = found.at(-1);
    if (!last || at > last.at + 0.005) found.push({ at, peak });
    else if (peak > last.peak) last.peak = peak;
  }
  return found;
}

/** What is wrong with a recording of a sound of constant loudness. */
export interface Faults {
  /** The source went on while it was not heard: the player had nothing to play. */
  readonly holes: Stretch[];
  /** The source stood still meanwhile: the machine did not let the browser feed its sound card. */
  readonly stalls: Stretch[];
  /** Clicks other than those that a stall makes at its ends. */
  readonly clicks: Click[];
}

/** Finds what is wrong, and whose fault it is: `points` is the recording's track. */
export function faults(
  recording: Float32Array,
  points: readonly Point[],
  within: Stretch,
): Faults {
  const found: Faults = { holes: [], stalls: [], clicks: [] };
  for (const run of runs(gaps(recording, within))) {
    const silence = run.reduce((sum, gap) => sum + gap.to - gap.from, 0);
    const [from, to] = [run[0]?.from ?? 0, run.at(-1)?.to ?? 0];
    const before = offset(points.filter((point) => point.at < from - WINDOW / SAMPLE_RATE).slice(-3));
    const after = offset(points.filter((point) => point.at > to + WINDOW / SAMPLE_RATE).slice(0, 3));
    const stoodStill = before - after > silence / 2;
    (stoodStill ? found.stalls : found.holes).push(...run);
  }
  const beside = (at: number): boolean =>
    found.stalls.some(({ from, to }) => at > from - 0.01 && at < to + 0.01);
  found.clicks.push(...clicks(recording, within).filter(({ at }) => !beside(at)));
  return found;
}

/** s from a moment at which a browser could not render to where that is heard, at most. */
const RENDERED_AHEAD = 0.2;

/** Whether the machine stood still while that was rendered which is heard at `at` seconds. */
export function isExcused(at: number, stills: readonly Stretch[]): boolean {
  return meeting(stills, { from: at - RENDERED_AHEAD, to: at }).length > 0;
}

/** The points of which nothing was heard, or on its way for `ahead` s, while the machine stood still. */
export function undisturbed(
  points: readonly Point[],
  stills: readonly Stretch[],
  ahead = RENDERED_AHEAD,
): Point[] {
  const half = WINDOW / 2 / SAMPLE_RATE;
  return points.filter(
    ({ at }) => meeting(stills, { from: at - half - ahead, to: at + half }).length === 0,
  );
}

/** The faults that no standstill of the machine can have made. */
export function withoutExcuse(found: Faults, stills: readonly Stretch[]): Faults {
  return {
    holes: found.holes.filter(({ from }) => !isExcused(from, stills)),
    stalls: found.stalls.filter(({ from }) => !isExcused(from, stills)),
    clicks: found.clicks.filter(({ at }) => !isExcused(at, stills)),
  };
}

/** How many of all kinds. */
export function number({ holes, stalls, clicks }: Faults): number {
  return holes.length + stalls.length + clicks.length;
}

/** Gaps that are too near to each other for the track to be read in between. */
function runs(all: readonly Stretch[]): Stretch[][] {
  const found: Stretch[][] = [];
  for (const gap of all) {
    const last = found.at(-1);
    if (last && gap.from - (last.at(-1)?.to ?? 0) < 0.25) last.push(gap);
    else found.push([gap]);
  }
  return found;
}

/** How far into the source the recording is ahead, s: the middle of some points. */
function offset(points: readonly Point[]): number {
  const known = points.flatMap(({ at, position }) => (position === undefined ? [] : [position - at]));
  return middle(known);
}

/** Differences in ms of what two ears hear at the same moments, where both hear something. */
export function differences(one: readonly Point[], other: readonly Point[]): number[] {
  const found: number[] = [];
  one.forEach((point, n) => {
    const position = other[n]?.position;
    if (point.position === undefined || position === undefined) return;
    found.push((point.position - position) * 1000);
  });
  return found;
}

/** The points of a track that lie in a stretch. */
export function during(points: readonly Point[], { from, to }: Stretch): Point[] {
  return points.filter((point) => point.at >= from && point.at < to);
}

/** The stretches that meet another one. */
export function meeting(all: readonly Stretch[], { from, to }: Stretch): Stretch[] {
  return all.filter((stretch) => stretch.to > from && stretch.from < to);
}

/** The value below which this share of all lies, by the nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("no values");
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

/** The root of the mean square. */
export function level(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / samples.length);
}

function middle(values: readonly number[]): number {
  return values.length === 0 ? 0 : quantile(values, 0.5);
}

/** The best match of a window in the source within {@link NEAR} samples of `around`. */
function near(
  window: Float32Array,
  source: Float32Array,
  around: number,
): { offset: number; match: number } {
  const own = energy(window, 0);
  const matches: number[] = [];
  for (let lag = -NEAR; lag <= NEAR; lag++) {
    const start = around + lag;
    let product = 0;
    for (let n = 0; n < window.length; n++) product += (window[n] ?? 0) * (source[start + n] ?? 0);
    matches.push(product / Math.sqrt(own * energy(source, start) + 1e-12));
  }
  let best = 0;
  matches.forEach((match, n) => {
    if (match > (matches[best] ?? -1)) best = n;
  });
  const before = matches[best - 1] ?? 0;
  const match = matches[best] ?? 0;
  const after = matches[best + 1] ?? 0;
  const curve = before - 2 * match + after;
  const bend = curve < 0 && best > 0 && best < 2 * NEAR ? (before - after) / (2 * curve) : 0;
  return { offset: around + best - NEAR + bend, match };
}

function energy(samples: Float32Array, start: number): number {
  let sum = 0;
  for (let n = start; n < start + WINDOW; n++) sum += (samples[n] ?? 0) ** 2;
  return sum;
}

/** A filter that passes what is above 9 kHz: a Blackman-windowed sinc, 20 dB down at 7.5 kHz. */
const HIGH = highPass(9_000, 63);

function highPass(hz: number, length: number): Float64Array {
  const taps = new Float64Array(length);
  const half = (length - 1) / 2;
  const corner = hz / SAMPLE_RATE;
  for (let n = 0; n < length; n++) {
    const x = n - half;
    const low = x === 0 ? 2 * corner : Math.sin(2 * Math.PI * corner * x) / (Math.PI * x);
    const turn = (2 * Math.PI * n) / (length - 1);
    const blackman = 0.42 - 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn);
    taps[n] = ((x === 0 ? 1 : 0) - low) * blackman;
  }
  return taps;
}
