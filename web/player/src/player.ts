import { claimPlayback, showMediaSession } from "./media-session.js";
import type { FromWorker, ToWorker } from "./messages.js";
import { Output } from "./output.js";
import { startWorker } from "./scripts.js";
import type { Delay, Heard, PlayerOptions, PlayerState, Status, Telemetry } from "./state.js";

/** A browser that was asked to play, and does not after so long, holds the sound back. */
const HELD_AFTER_MS = 3_000;
/** An answer of the worker is waited for so long, in ms. */
const ANSWER_MS = 5_000;

/** The renderer fades out before its context is suspended, in ms. */
const FADE_MS = 60;

const HELD = "The browser holds the sound back: press play, or any key.";

/**
 * Plays one channel in step with everyone who hears it. Nothing sounds, and nothing
 * connects, before {@link play}.
 *
 * @example
 * const player = new Player({ relay: "https://radio.example", channelId: "jazz" });
 * player.on("change", (state) => show(state));
 * button.onclick = () => player.play();
 */
export class Player {
  readonly #options: PlayerOptions;
  readonly #listeners = new Set<(state: PlayerState) => void>();
  readonly #questions = new Map<number, (telemetry: Telemetry) => void>();
  readonly #keys = {
    play: () => {
      void this.play();
    },
    stop: () => {
      this.stop();
    },
  };
  readonly #wake = () => {
    if (this.#isWanted) this.#output?.resume();
  };
  #worker: Worker | undefined;
  #output: Output | undefined;
  #delay: Delay;
  #volume = 1;
  #muted = false;
  #isWanted = false;
  #isHeld = false;
  #heldTimer: ReturnType<typeof setTimeout> | undefined;
  #lastQuestion = 0;
  /** As the worker told it last. */
  #heard: PlayerState;
  #state: PlayerState;

  constructor(options: PlayerOptions) {
    this.#options = options;
    this.#delay = options.delay ?? "normal";
    this.#heard = silent(options.channelId, "idle", []);
    this.#state = this.#heard;
  }

  get state(): PlayerState {
    return this.#state;
  }

  /** For meters: what sounds, after the volume. `undefined` before the first {@link play}. */
  get analyser(): AnalyserNode | undefined {
    return this.#output?.analyser;
  }

  /** 0 to 1; default 1. */
  get volume(): number {
    return this.#volume;
  }

  set volume(volume: number) {
    this.#volume = Math.min(1, Math.max(0, Number.isFinite(volume) ? volume : 1));
    this.#setGain();
  }

  get muted(): boolean {
    return this.#muted;
  }

  set muted(muted: boolean) {
    this.#muted = muted;
    this.#setGain();
  }

  /** How far behind live it sounds; may be set while it plays. */
  get delay(): Delay {
    return this.#delay;
  }

  set delay(delay: Delay) {
    this.#delay = delay;
    if (this.#worker) this.#post({ type: "delay", delay });
  }

  /** Calls `listener` at any change of {@link state}. The returned function takes it off. */
  on(_name: "change", listener: (state: PlayerState) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Loads what {@link play} will need, so that it sounds sooner. Connects to nothing. */
  prepare(): void {
    this.#startedWorker();
  }

  /**
   * Plays, from now on until {@link stop}, whatever becomes of the connection. Call it in a
   * gesture. Resolves once all is under way; `state` tells what comes of it, failures too.
   */
  async play(): Promise<void> {
    const wasWanted = this.#isWanted && this.#heard.status !== "failed";
    this.#isWanted = true;
    claimPlayback();
    const output = this.#openOutput();
    output.resume();
    this.#watchHeld(output);
    if (wasWanted) return;
    this.#take(this.#without("connecting"));
    document.addEventListener("visibilitychange", this.#wake);
    document.addEventListener("pointerdown", this.#wake);
    document.addEventListener("keydown", this.#wake);
    this.#post({ type: "play", options: { ...this.#options, ...this.#relay(), delay: this.#delay } });
    try {
      await output.ready;
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      this.#fail(`The player's sound could not be loaded: ${words}`);
    }
  }

  /** Stops, and leaves the channel. */
  stop(): void {
    if (!this.#isWanted) return;
    this.#quiet();
    this.#take(this.#without("idle"));
  }

  /** What is heard at this instant, for diagnosis. */
  telemetry(): Promise<Telemetry> {
    this.#lastQuestion += 1;
    const id = this.#lastQuestion;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#questions.delete(id);
        reject(new Error("the player's worker does not answer"));
      }, ANSWER_MS);
      this.#questions.set(id, (telemetry) => {
        clearTimeout(timer);
        resolve(telemetry);
      });
      this.#post({ type: "telemetry", id });
    });
  }

  /** Stops, and frees all it holds. It cannot be used again. */
  destroy(): void {
    this.stop();
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#closeOutput();
    this.#listeners.clear();
    showMediaSession(undefined, this.#keys);
  }

  #without(status: Status): PlayerState {
    return silent(this.#options.channelId, status, this.#heard.history);
  }

  #relay(): Pick<PlayerOptions, "relay"> {
    const { relay, url } = this.#options;
    return url === undefined ? { relay: relay ?? location.origin } : {};
  }

  #openOutput(): Output {
    if (this.#output?.suits(this.#delay) === false) this.#closeOutput();
    if (this.#output) return this.#output;
    const output = new Output(this.#delay, this.#gain, {
      onReading: (reading) => {
        if (output === this.#output) this.#post({ type: "output", reading });
      },
      onRunning: (isRunning) => {
        if (output === this.#output) this.#runningChanged(isRunning);
      },
    });
    this.#output = output;
    output.ready.then(
      (port) => {
        if (output !== this.#output) return;
        this.#post({ type: "renderer", port, sampleRate: output.sampleRate }, [port]);
      },
      () => undefined,
    );
    return output;
  }

  #closeOutput(): void {
    this.#output?.close();
    this.#output = undefined;
  }

  #startedWorker(): Worker {
    if (this.#worker) return this.#worker;
    const worker = startWorker();
    this.#worker = worker;
    worker.addEventListener("message", (event: MessageEvent<FromWorker>) => {
      if (worker === this.#worker) this.#tell(event.data);
    });
    worker.addEventListener("error", (event) => {
      if (worker !== this.#worker) return;
      worker.terminate();
      this.#worker = undefined;
      this.#closeOutput();
      this.#fail(`The player stopped: ${event.message || "its worker could not be loaded"}`);
    });
    return worker;
  }

  #post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#startedWorker().postMessage(message, transfer);
  }

  #tell(message: FromWorker): void {
    switch (message.type) {
      case "ready":
        break;
      case "state":
        if (!this.#isWanted) break;
        if (message.state.status === "failed") this.#quiet();
        this.#take(message.state);
        break;
      case "telemetry":
        this.#questions.get(message.id)?.(message.telemetry);
        this.#questions.delete(message.id);
        break;
    }
  }

  #fail(reason: string): void {
    this.#quiet();
    this.#take({ ...this.#without("failed"), reason });
  }

  /** No sound is wanted any more. */
  #quiet(): void {
    this.#isWanted = false;
    this.#isHeld = false;
    clearTimeout(this.#heldTimer);
    document.removeEventListener("visibilitychange", this.#wake);
    document.removeEventListener("pointerdown", this.#wake);
    document.removeEventListener("keydown", this.#wake);
    if (this.#worker) this.#post({ type: "stop" });
    const output = this.#output;
    setTimeout(() => {
      if (!this.#isWanted) output?.suspend();
    }, FADE_MS);
  }

  #runningChanged(isRunning: boolean): void {
    this.#post({ type: "running" });
    if (isRunning) this.#isHeld = false;
    else if (this.#isWanted && this.#output) this.#watchHeld(this.#output);
    this.#take(this.#heard);
  }

  #watchHeld(output: Output): void {
    clearTimeout(this.#heldTimer);
    if (output.isRunning) return;
    this.#heldTimer = setTimeout(() => {
      if (!this.#isWanted || output.isRunning || output !== this.#output) return;
      this.#isHeld = true;
      this.#take(this.#heard);
    }, HELD_AFTER_MS);
  }

  get #gain(): number {
    return this.#muted ? 0 : this.#volume;
  }

  #setGain(): void {
    this.#output?.setVolume(this.#gain);
  }

  #take(heard: PlayerState): void {
    this.#heard = heard;
    const isHeld = this.#isHeld && (heard.status === "playing" || heard.status === "buffering");
    this.#state = isHeld ? { ...heard, status: "buffering", reason: HELD } : heard;
    showMediaSession(this.#state, this.#keys);
    for (const listener of [...this.#listeners]) listener(this.#state);
  }
}

function silent(channelId: string, status: Status, history: readonly Heard[]): PlayerState {
  return { channelId, status, history, quality: "unknown", qualityWords: "" };
}
