import { Deck, DECK_SECONDS } from "./deck.js";
import { Ducking, DUCKING, type DuckingSettings } from "./ducking.js";
import { fadeIn, fadeOut, Ramp } from "./fade.js";
import { LevelMeter, type Level } from "./level.js";
import { Limiter } from "./limiter.js";

/** Most sample frames that one call renders: the AudioWorklet's quantum. */
export const QUANTUM = 128;

/** Shortest fade when a track is left before its end, in seconds. */
export const SKIP_SECONDS = 0.6;

/** What can be set while the mixer runs. */
export interface MixerSettings {
  /** Factor of the music. */
  readonly musicGain: number;
  /** Factor of the microphone. */
  readonly voiceGain: number;
  /** The microphone is in the mix. */
  readonly talking: boolean;
  /** Seconds that one track fades into the next; 0 joins them without a gap. */
  readonly crossfade: number;
  /** The music waits. */
  readonly paused: boolean;
  readonly ducking: DuckingSettings;
}

/** How the mixer begins. */
export const MIXER_SETTINGS: MixerSettings = {
  musicGain: 1,
  voiceGain: 1,
  talking: false,
  crossfade: 0,
  paused: false,
  ducking: DUCKING,
};

/** What happened in the mix. `at` is a sample frame of the mixer's output. */
export type MixerEvent =
  /** From here on this track is the one that plays. */
  | { readonly kind: "on-air"; readonly track: number; readonly at: number }
  /** The last track ended, and no other was there. */
  | { readonly kind: "ran-out"; readonly track: number; readonly at: number };

/** How things stand. */
export interface MixerReport {
  /** Sample frames rendered so far. */
  readonly frame: number;
  /** Before the talk button, so that it shows before anyone talks. */
  readonly voice: Level;
  /** The mix before the limiter. */
  readonly mix: Level;
  /** Smallest gain that the limiter applied; 1: none needed. */
  readonly limited: number;
  /** Gain of the music under the voice now. */
  readonly ducked: number;
  /** Sample frames in which a track should have played and its samples were not there. */
  readonly starved: number;
  /** One track fades into the next just now. */
  readonly isFading: boolean;
  readonly decks: readonly {
    readonly track: number;
    readonly position: number;
    readonly available: number;
  }[];
}

interface Fade {
  readonly length: number;
  done: number;
  told: boolean;
}

/**
 * The studio's mixing desk: decks one after the other, with a crossfade or joined to the
 * sample, and a voice over them. Runs in the AudioWorklet; knows nothing of it.
 *
 * At most three decks are held: two that fade into each other, and the next one.
 */
export class Mixer {
  readonly #sampleRate: number;
  readonly #decks: Deck[] = [];
  readonly #limiter: Limiter;
  readonly #ducking: Ducking;
  readonly #music: Ramp;
  readonly #voice: Ramp;
  readonly #talk: Ramp;
  readonly #flow: Ramp;
  readonly #voiceLevel = new LevelMeter(0.999, 3);
  readonly #mixLevel = new LevelMeter(1, 1);
  readonly #events: MixerEvent[] = [];
  readonly #aLeft = new Float32Array(QUANTUM);
  readonly #aRight = new Float32Array(QUANTUM);
  readonly #bLeft = new Float32Array(QUANTUM);
  readonly #bRight = new Float32Array(QUANTUM);
  #settings = MIXER_SETTINGS;
  #fade: Fade | undefined;
  #playing: number | undefined;
  /** Music was heard, and has not come to an end. */
  #isFlowing = false;
  #frame = 0;
  #starved = 0;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
    this.#limiter = new Limiter(sampleRate);
    this.#ducking = new Ducking(sampleRate);
    this.#music = new Ramp(1, sampleRate * 0.1);
    this.#voice = new Ramp(1, sampleRate * 0.1);
    this.#talk = new Ramp(0, sampleRate * 0.02);
    this.#flow = new Ramp(1, sampleRate * 0.15);
  }

  set(settings: MixerSettings): void {
    this.#settings = settings;
    this.#music.target = settings.musicGain;
    this.#voice.target = settings.voiceGain;
    this.#talk.target = settings.talking ? 1 : 0;
    this.#flow.target = settings.paused ? 0 : 1;
    this.#ducking.set(settings.ducking);
  }

  /**
   * Puts a track behind the one that plays. One that waited there already is dropped.
   *
   * @param total Its length, and `position` where in it the samples begin, in sample frames.
   */
  load(track: number, total: number, position: number): void {
    // While two tracks fade into each other, a third one waits.
    const playing = this.#fade ? 2 : 1;
    while (this.#decks.length > playing) this.#decks.pop();
    this.#decks.push(new Deck(track, total, position, DECK_SECONDS * this.#sampleRate));
  }

  /** Queues samples of a track that was loaded. */
  feed(track: number, left: Float32Array, right: Float32Array): void {
    this.#deck(track)?.feed(left, right);
  }

  /** All samples of this track were fed. */
  end(track: number): void {
    this.#deck(track)?.end();
  }

  /** Takes a track out: the next one at once, the one that plays with a cut. */
  drop(track: number): void {
    const index = this.#decks.findIndex((deck) => deck.id === track);
    if (index < 0) return;
    this.#decks.splice(index, 1);
    this.#fade = undefined;
  }

  /** Goes on to the next track, with a fade; without one the music ends. */
  skip(): void {
    const [current, next] = this.#decks;
    if (!current || this.#fade) return;
    if (!next) {
      this.#decks.shift();
      this.#runOut(current, 0);
      return;
    }
    const wanted = Math.max(SKIP_SECONDS, Math.min(this.#settings.crossfade, 4));
    const length = Math.min(wanted * this.#sampleRate, current.remaining, next.remaining);
    this.#fade = { length: Math.max(1, Math.round(length)), done: 0, told: false };
  }

  /** Track ids that are loaded: the one that plays first. */
  get tracks(): readonly number[] {
    return this.#decks.map((deck) => deck.id);
  }

  /** Sample frames by which the output is behind the mix. */
  get latency(): number {
    return this.#limiter.latency;
  }

  /**
   * Renders the next `frames` (at most {@link QUANTUM}).
   *
   * @param voice The input's channels; none: silence.
   * @param mix What goes on the air, left and right.
   * @param monitor What plays without the voice, for the presenter's own ears.
   */
  render(
    voice: readonly Float32Array[],
    mix: readonly [Float32Array, Float32Array],
    monitor: readonly [Float32Array, Float32Array],
    frames: number,
  ): void {
    const [mixLeft, mixRight] = mix;
    const [ownLeft, ownRight] = monitor;
    this.#renderMusic(ownLeft, ownRight, frames);
    const [voiceLeft, voiceRight = voiceLeft] = voice;
    for (let index = 0; index < frames; index += 1) {
      const level = this.#voice.next();
      const inLeft = (voiceLeft?.[index] ?? 0) * level;
      const inRight = (voiceRight?.[index] ?? 0) * level;
      this.#voiceLevel.add(inLeft, inRight);
      const talk = this.#talk.next();
      const left = inLeft * talk;
      const right = inRight * talk;
      const ducked = this.#ducking.next(Math.max(Math.abs(left), Math.abs(right)));
      const music = this.#music.next() * ducked;
      ownLeft[index] = (ownLeft[index] ?? 0) * music;
      ownRight[index] = (ownRight[index] ?? 0) * music;
      mixLeft[index] = (ownLeft[index] ?? 0) + left;
      mixRight[index] = (ownRight[index] ?? 0) + right;
      this.#mixLevel.add(mixLeft[index] ?? 0, mixRight[index] ?? 0);
    }
    this.#limiter.process(mixLeft, mixRight, frames);
    this.#frame += frames;
  }

  /** What happened since this was asked last. */
  takeEvents(): readonly MixerEvent[] {
    return this.#events.splice(0);
  }

  report(): MixerReport {
    return {
      frame: this.#frame,
      voice: this.#voiceLevel.take(),
      mix: this.#mixLevel.take(),
      limited: this.#limiter.takeLeast(),
      ducked: this.#ducking.gain,
      starved: this.#starved,
      isFading: this.#fade !== undefined,
      decks: this.#decks.map(({ id, position, available }) => ({ track: id, position, available })),
    };
  }

  #renderMusic(left: Float32Array, right: Float32Array, frames: number): void {
    left.fill(0, 0, frames);
    right.fill(0, 0, frames);
    if (this.#flow.target === 0 && this.#flow.value === 0) return;
    let done = 0;
    while (done < frames) {
      const count = this.#renderRun(left, right, done, frames - done);
      if (count === 0) break;
      done += count;
    }
    for (let index = 0; index < frames; index += 1) {
      const flow = this.#flow.next();
      left[index] = (left[index] ?? 0) * flow;
      right[index] = (right[index] ?? 0) * flow;
    }
  }

  /** Renders up to the next change in what plays; 0 where nothing can. */
  #renderRun(left: Float32Array, right: Float32Array, from: number, most: number): number {
    const current = this.#upToDate(from);
    if (!current) return 0;
    if (current.available === 0 && this.#playing !== current.id && !this.#isFlowing) return 0;
    const next = this.#decks[1];
    const untilFade = this.#beginFade(current, next);
    const fade = this.#fade;
    if (fade && next) return this.#renderFade(current, next, fade, left, right, from, most);
    const count = Math.min(most, current.available, untilFade);
    if (count === 0) {
      this.#starved += most;
      return 0;
    }
    if (this.#playing !== current.id) this.#announce(current, from);
    this.#isFlowing = true;
    current.take(left, right, from, count);
    return count;
  }

  /** The deck that plays, once those that have ended are put away. */
  #upToDate(from: number): Deck | undefined {
    let current = this.#decks[0];
    while (current?.finished) {
      this.#decks.shift();
      this.#fade = undefined;
      if (this.#decks.length === 0) this.#runOut(current, from);
      current = this.#decks[0];
    }
    return current;
  }

  /** Begins the crossfade where it is due; otherwise tells how far off it is. */
  #beginFade(current: Deck, next: Deck | undefined): number {
    if (this.#fade || !next) return Number.POSITIVE_INFINITY;
    const wanted = Math.round(this.#settings.crossfade * this.#sampleRate);
    const length = Math.min(wanted, Math.floor(current.total / 2), Math.floor(next.total / 2));
    if (length === 0 || next.available === 0) return Number.POSITIVE_INFINITY;
    const remaining = current.remaining;
    if (remaining > length) return remaining - length;
    this.#fade = { length: Math.max(1, remaining), done: 0, told: false };
    return 0;
  }

  #renderFade(
    current: Deck,
    next: Deck,
    fade: Fade,
    left: Float32Array,
    right: Float32Array,
    from: number,
    most: number,
  ): number {
    const half = Math.ceil(fade.length / 2);
    if (fade.done >= half && !fade.told) {
      fade.told = true;
      this.#announce(next, from);
    }
    const untilHalf = fade.told ? most : half - fade.done;
    // A track that has nothing more is silent for the rest of the fade.
    const ready = Math.min(
      current.ended ? most : current.available,
      next.ended ? most : next.available,
    );
    const count = Math.min(most, untilHalf, fade.length - fade.done, ready);
    if (count === 0) {
      this.#starved += most;
      return 0;
    }
    this.#aLeft.fill(0, 0, count);
    this.#aRight.fill(0, 0, count);
    current.take(this.#aLeft, this.#aRight, 0, Math.min(count, current.available));
    this.#bLeft.fill(0, 0, count);
    this.#bRight.fill(0, 0, count);
    next.take(this.#bLeft, this.#bRight, 0, Math.min(count, next.available));
    for (let index = 0; index < count; index += 1) {
      const place = (fade.done + index) / fade.length;
      const going = fadeOut(place);
      const coming = fadeIn(place);
      left[from + index] =
        (this.#aLeft[index] ?? 0) * going + (this.#bLeft[index] ?? 0) * coming;
      right[from + index] =
        (this.#aRight[index] ?? 0) * going + (this.#bRight[index] ?? 0) * coming;
    }
    fade.done += count;
    if (fade.done === fade.length) {
      this.#fade = undefined;
      this.#decks.shift();
      if (!fade.told) this.#announce(next, from + count);
    }
    return count;
  }

  #runOut(deck: Deck, from: number): void {
    this.#isFlowing = false;
    this.#tell("ran-out", deck.id, from);
  }

  #announce(deck: Deck, from: number): void {
    this.#playing = deck.id;
    this.#tell("on-air", deck.id, from);
  }

  #tell(kind: MixerEvent["kind"], track: number, from: number): void {
    this.#events.push({ kind, track, at: this.#frame + from + this.latency });
  }

  #deck(track: number): Deck | undefined {
    return this.#decks.find((deck) => deck.id === track);
  }
}
