import { Content } from "./content.js";
import { Kernel } from "./kernel.js";
import { SpeedControl } from "./speed-control.js";
import type { Aim, Block, Report } from "./types.js";
import { playableFrom, Voice, type Scratch } from "./voice.js";

/** Frames that are rendered at a time: the render quantum of the Web Audio API. */
const QUANTUM = 128;
/** Seconds of a fade before and after what is missing. */
const FADE = 0.005;
/** Seconds of the crossfade of a jump. */
const CROSSFADE = 0.01;
/** µs of error past which speed does not correct it any more. */
const BOUND = 20_000;
/** The same of an error that lasts: it is no noise, and 500 ppm mend 1 ms in two seconds. */
const LASTING_BOUND = 5_000;
/** Seconds for which it has to be past: a single wild aim does not make a jump. */
const CONFIRMED = 0.25;
/** µs of content that are kept behind the playhead, for jumps back. */
const HISTORY = 1_000_000;
/** Seconds of silence after which sound is over, and not missing any more. */
const OVER = 2;
/** The highest sample rate of MPEG audio, Hz. */
const MAX_RATE = 48_000;
/** Sample rates of MPEG audio: there are nine. */
const MAX_KERNELS = 9;

/**
 * Renders blocks at the moments that an aim tells, in an AudioWorklet: `render` allocates
 * nothing, but for a voice where sound begins, and its work is bounded.
 *
 * It begins exactly at the aim. From then on the *playhead* runs at its own even pace,
 * at most 500 ppm faster or slower than the content, towards the aim. Past 20 ms of error,
 * or 5 ms that last, it jumps, in a crossfade, once there is content at the aim. Where
 * frames are missing, sound fades out in the 5 ms before them, and fades in again with what
 * comes after.
 *
 * Whatever is pushed, it never throws, and plays no block twice but for a jump back. Blocks
 * may come in any order; one that is there already is left out, one past its moment is
 * counted, and kept only for a jump back. Blocks whose numbers and times contradict those
 * before them (the relay began anew) replace all of them.
 */
export class Renderer {
  readonly #content = new Content();
  readonly #kernels = new Map<number, Kernel>();
  readonly #scratch: Scratch;
  readonly #speed: SpeedControl;
  readonly #step: number;
  readonly #mixLeft = new Float32Array(QUANTUM);
  readonly #mixRight = new Float32Array(QUANTUM);
  #aim: Aim | undefined;
  /** Frame time at the next context frame; `undefined` until it has begun. */
  #playhead: number | undefined;
  /** Context frames for which the error has been past its bound. */
  #astray = 0;
  #frame = 0;
  #voice: Voice | undefined;
  /** Two at the most: nothing begins while one is there, and jumps are longer apart. */
  #fading: Voice[] = [];
  /** Sound stopped for missing frames, and is not back at full level. */
  #inGap = false;
  /** Context frames since the gap began. */
  #gapFrames = 0;
  #gaps = 0;
  #concealed = 0;
  #resyncs = 0;
  #late = 0;

  /** @param sampleRate Of the AudioContext, Hz. */
  constructor(private readonly sampleRate: number) {
    this.#step = 1e6 / sampleRate;
    this.#speed = new SpeedControl();
    const shrink = Math.max(1, MAX_RATE / sampleRate);
    const { half } = new Kernel(MAX_RATE, sampleRate);
    const length = Math.ceil(QUANTUM * shrink * 1.001) + 4 * half + 4;
    this.#scratch = {
      left: new Float32Array(length),
      right: new Float32Array(length),
      gains: new Float32Array(QUANTUM),
    };
  }

  /** Takes a block in. */
  push(block: Block): void {
    if (!this.#isUsable(block)) return;
    const end = block.time + this.#duration(block);
    if (this.#playhead !== undefined) {
      const now = Math.min(this.#playhead, this.#aimed(this.#frame) ?? this.#playhead);
      if (end <= now) {
        if (block.audible) this.#late += 1;
        if (end < now - HISTORY) return;
      }
    }
    if (this.#content.push(block) === "anew") this.#restart();
    this.#drop();
  }

  /** Which moment is to be rendered when, from now on. */
  aim(aim: Aim): void {
    this.#aim = aim;
  }

  /** Fades out and forgets all blocks. Begins anew with those that come. */
  clear(): void {
    this.#content.clear();
    this.#restart();
  }

  /** Renders the context frames from `frame` on into `out`, one array for each channel. */
  render(out: Float32Array[], frame: number): void {
    const frames = out[0]?.length ?? 0;
    for (let at = 0; at < frames; at += QUANTUM) {
      const count = Math.min(QUANTUM, frames - at);
      this.#mixLeft.fill(0);
      this.#mixRight.fill(0);
      this.#renderMix(frame + at, count);
      this.#copyMix(out, at, count);
    }
  }

  /** What was done so far, and is rendered at the context frame `frame`. */
  report(frame: number): Report {
    const target = this.#aimed(frame);
    const time =
      this.#playhead === undefined
        ? undefined
        : this.#playhead + (frame - this.#frame) * this.#step * (1 + this.#speed.correction);
    const end = this.#content.end;
    const isPlaying = this.#voice !== undefined;
    return {
      frame,
      time: isPlaying ? time : undefined,
      seq: this.#voice?.seq,
      error: time === undefined || target === undefined ? 0 : target - time,
      ppm: this.#speed.correction * 1e6,
      buffered: time === undefined || end === undefined ? 0 : Math.max(0, end - time),
      gaps: this.#gaps,
      concealed: this.#concealed,
      resyncs: this.#resyncs,
      late: this.#late,
    };
  }

  #renderMix(frame: number, count: number): void {
    this.#frame = frame;
    const target = this.#aimed(frame);
    if (target !== undefined) this.#follow(target, count);
    const pace = 1 + this.#speed.correction;
    for (const fading of this.#fading) this.#addVoice(fading, count, 1);
    while (this.#fading[0]?.isOver) this.#fading.shift();
    if (this.#playhead !== undefined) this.#playhead += count * this.#step * pace;
    const voice = this.#voice;
    if (voice) {
      this.#addVoice(voice, count, pace);
      this.#playhead = voice.time;
      if (voice.isStarved && !this.#inGap) {
        this.#inGap = true;
        this.#gapFrames = 0;
        this.#gaps += 1;
      } else if (voice.isFull) {
        this.#inGap = false;
      }
      if (voice.isOver) this.#voice = undefined;
    }
    if (this.#inGap) this.#passGap(count);
    this.#frame = frame + count;
    this.#drop(Math.min(this.#playhead ?? Infinity, target ?? Infinity) - HISTORY);
  }

  #passGap(count: number): void {
    this.#concealed += count;
    this.#gapFrames += count;
    if (this.#gapFrames > OVER * this.sampleRate) this.#inGap = false;
  }

  /** Brings the playhead towards `target`: by beginning, by a jump, or by its speed. */
  #follow(target: number, count: number): void {
    if (this.#playhead === undefined) {
      if (this.#fading.length > 0) return;
      this.#voice = this.#voiceAt(target, FADE);
      if (!this.#voice) return;
      this.#playhead = target;
    }
    const error = target - this.#playhead;
    this.#speed.run(error, count / this.sampleRate, this.#pull);
    const bound = Math.abs(this.#speed.error) > LASTING_BOUND ? LASTING_BOUND : BOUND;
    this.#astray = Math.abs(error) > bound ? this.#astray + count : 0;
    if (this.#astray > (this.#voice ? CONFIRMED * this.sampleRate : 0)) this.#jump(target);
    this.#voice ??= this.#voiceAt(this.#playhead, FADE);
  }

  #jump(target: number): void {
    if (this.#voice) {
      const next = this.#voiceAt(target, CROSSFADE);
      if (!next) return;
      this.#release();
      this.#voice = next;
    }
    this.#playhead = target;
    this.#astray = 0;
    this.#speed.forgive();
    this.#resyncs += 1;
  }

  /** A voice from `time` on, if there is enough to play for its fades. */
  #voiceAt(time: number, rise: number): Voice | undefined {
    const entry = this.#content.at(time);
    if (!entry?.block.audible) return undefined;
    const rate = entry.block.sampleRate;
    const kernel = this.#kernels.get(rate);
    if (!kernel) return undefined;
    const offset = ((time - entry.block.time) * rate) / 1e6;
    const enough = (QUANTUM / this.sampleRate + rise + FADE) * rate + kernel.half;
    if (playableFrom(entry, offset, enough) < enough) return undefined;
    const { sampleRate } = this;
    return new Voice(entry, offset, kernel, FADE * sampleRate, rise * sampleRate);
  }

  #addVoice(voice: Voice, count: number, pace: number): void {
    const ratio = (voice.sampleRate / this.sampleRate) * pace;
    voice.add(this.#mixLeft, this.#mixRight, 0, count, ratio, this.#scratch);
  }

  #copyMix(out: Float32Array[], at: number, count: number): void {
    const left = out[0];
    const right = out[1];
    if (!left) return;
    for (let n = 0; n < count; n++) {
      const mixLeft = this.#mixLeft[n] ?? 0;
      const mixRight = this.#mixRight[n] ?? 0;
      if (right) {
        left[at + n] = mixLeft;
        right[at + n] = mixRight;
      } else {
        left[at + n] = (mixLeft + mixRight) / 2;
      }
    }
    for (let channel = 2; channel < out.length; channel++) out[channel]?.fill(0, at, at + count);
  }

  #restart(): void {
    this.#release();
    this.#playhead = undefined;
    this.#astray = 0;
    this.#speed.forgive();
    this.#inGap = false;
  }

  #release(): void {
    if (!this.#voice) return;
    this.#voice.release(CROSSFADE * this.sampleRate);
    this.#fading.push(this.#voice);
    this.#voice = undefined;
  }

  /** Drops what is too much or ends before `time`, and cuts those off that still play it. */
  #drop(time?: number): void {
    for (let old = this.#content.drop(time); old; old = this.#content.drop(time)) {
      this.#voice?.detach(old);
      for (const voice of this.#fading) voice.detach(old);
    }
  }

  #aimed(frame: number): number | undefined {
    return this.#aim && this.#aim.time + (frame - this.#aim.frame) * this.#aim.step;
  }

  /** How much faster than the context's nominal rate the aim moves. */
  get #pull(): number {
    return this.#aim ? this.#aim.step / this.#step - 1 : 0;
  }

  #duration(block: Block): number {
    return ((block.channels[0]?.length ?? 0) * 1e6) / block.sampleRate;
  }

  /** Whether a block has samples at a rate that can be played; prepares for that rate. */
  #isUsable(block: Block): boolean {
    const { sampleRate } = block;
    const [left, right = left] = block.channels;
    if (!left || left.length === 0 || left.length !== right?.length) return false;
    if (!(sampleRate > 0 && sampleRate <= MAX_RATE && Number.isFinite(block.time))) return false;
    if (!this.#kernels.has(sampleRate)) {
      if (this.#kernels.size === MAX_KERNELS) return false;
      this.#kernels.set(sampleRate, new Kernel(sampleRate, this.sampleRate));
    }
    return true;
  }
}
