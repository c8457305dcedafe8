import type { OutputReading } from "./messages.js";
import { addWorklet } from "./scripts.js";
import type { Delay } from "./state.js";

/** Changes of the volume take so long, in seconds: a jump would click. */
const RAMP_S = 0.02;

/** Firefox's latency where it cannot be asked: measured against Chromium's, PulseAudio. */
const USUAL_LATENCY_S = 0.04;
/** How often it is asked elsewhere. */
const LATENCY_EVERY_S = 1;

const IS_GECKO = "mozInnerScreenX" in globalThis;
const IS_LINUX = /Linux/.test(navigator.userAgent);

/** What an {@link Output} tells. */
export interface OutputHooks {
  /** About ten times a second while it renders: where its sound is. */
  onReading(reading: OutputReading): void;
  /** It began to run, or does no more. */
  onRunning(isRunning: boolean): void;
}

/**
 * The way to the ear: an AudioContext with the renderer's worklet, the volume, and an
 * analyser for meters. Make it in a gesture, or the browser may hold it back.
 */
export class Output {
  readonly analyser: AnalyserNode;
  readonly #latencyHint: AudioContextLatencyCategory;
  readonly #context: AudioContext;
  readonly #gain: GainNode;
  readonly #ready: Promise<MessagePort>;
  #isRunning = false;
  /** Firefox: seconds from the renderer to the ear. */
  #latency = USUAL_LATENCY_S;
  #nextLatencyAt = 0;

  constructor(
    delay: Delay,
    volume: number,
    private readonly hooks: OutputHooks,
  ) {
    this.#latencyHint = latencyHint(delay);
    this.#context = new AudioContext({ latencyHint: this.#latencyHint });
    this.#gain = new GainNode(this.#context, { gain: volume });
    this.analyser = new AnalyserNode(this.#context, { fftSize: 2048 });
    this.#gain.connect(this.analyser).connect(this.#context.destination);
    this.#context.onstatechange = () => {
      this.#stateChanged();
    };
    this.#ready = this.#open();
    this.#ready.catch(() => undefined);
  }

  get sampleRate(): number {
    return this.#context.sampleRate;
  }

  /** Whether it is made for such a delay. */
  suits(delay: Delay): boolean {
    return latencyHint(delay) === this.#latencyHint;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /**
   * The worker's way to the renderer, to be transferred there; once.
   *
   * @throws DOMException The browser could not load the worklet.
   */
  get ready(): Promise<MessagePort> {
    return this.#ready;
  }

  /** Asks the browser to run it. Where it wants a gesture first, nothing happens. */
  resume(): void {
    this.#context.resume().catch(() => undefined);
  }

  /** Silence, and the sound device is free. */
  suspend(): void {
    this.#context.suspend().catch(() => undefined);
  }

  close(): void {
    this.#context.onstatechange = null;
    this.#context.close().catch(() => undefined);
  }

  /** 0 is silence, 1 as it came. */
  setVolume(volume: number): void {
    this.#gain.gain.setTargetAtTime(volume, this.#context.currentTime, RAMP_S / 3);
  }

  async #open(): Promise<MessagePort> {
    await addWorklet(this.#context);
    const node = new AudioWorkletNode(this.#context, "skywave", {
      numberOfInputs: 0,
      outputChannelCount: [2],
    });
    const { port1, port2 } = new MessageChannel();
    node.port.onmessage = () => {
      this.hooks.onReading(this.#read());
    };
    node.port.postMessage(port1, [port1]);
    node.connect(this.#gain);
    return port2;
  }

  #read(): OutputReading {
    const { currentTime } = this.#context;
    const now = performance.now();
    const { contextTime = 0, performanceTime = 0 } = IS_GECKO
      ? { contextTime: currentTime - this.#geckoLatency(currentTime), performanceTime: now }
      : this.#context.getOutputTimestamp();
    return {
      contextTime,
      localTime: localMicros(performanceTime),
      currentTime,
      readAt: localMicros(now),
    };
  }

  /**
   * Firefox's `getOutputTimestamp` takes the way to the ear off both of its times, as if
   * there were none, so that way has to be asked for by itself. On Linux this, and
   * `getOutputTimestamp`, now and then hangs the page for good (a deadlock between
   * Firefox's audio server and PulseAudio): there a measured value has to do.
   */
  #geckoLatency(currentTime: number): number {
    if (!IS_LINUX && currentTime >= this.#nextLatencyAt) {
      this.#nextLatencyAt = currentTime + LATENCY_EVERY_S;
      this.#latency = this.#context.outputLatency || this.#latency;
    }
    return this.#latency;
  }

  #stateChanged(): void {
    const isRunning = this.#context.state === "running";
    if (isRunning === this.#isRunning) return;
    this.#isRunning = isRunning;
    this.hooks.onRunning(isRunning);
  }
}

/** What the browser buffers for a device need not be less than the mode has time for. */
function latencyHint(delay: Delay): AudioContextLatencyCategory {
  const ms = delay === "low" ? 100 : delay === "normal" ? 200 : delay === "steady" ? 500 : delay;
  return ms < 150 ? "interactive" : "balanced";
}

function localMicros(performanceMs: number): number {
  return (performance.timeOrigin + performanceMs) * 1_000;
}
