import mixerUrl from "./mixer-worklet.ts?worker&url";
import type { MixerSettings } from "./core/mixer.js";
import type { Stereo } from "./core/rate.js";
import type { StandIn } from "./stand-in-worker.js";
import type { FromDecks, FromEncoder, FromMixer, ToDecks, ToEncoder, ToMixer } from "./messages.js";

/** How long a browser may take to run the sound before it is taken to want a gesture, ms. */
const RUNNING_WITHIN_MS = 700;

/** Longest sound that is decoded as a whole, as it lies in memory: seconds and file bytes. */
export const WHOLE_SECONDS = 600;
export const WHOLE_BYTES = 150 * 1024 * 1024;

/** What a {@link Desk} tells. */
export interface DeskHooks {
  onMixer(message: FromMixer): void;
  onDecks(message: FromDecks): void;
  onEncoder(message: FromEncoder): void;
  /** The browser began to run the sound, or stopped it. */
  onRunning(isRunning: boolean): void;
}

/** What the input hears. */
export interface InputChoice {
  /** Empty: the browser's default. */
  readonly deviceId: string;
  /** Let the browser take out echo and noise, and even out the level. */
  readonly isProcessed: boolean;
}

/**
 * The studio's machinery: the audio context with the mixer, the workers that decode and
 * encode, and the ports between them. The workers live as long as the page, the context
 * from the first time that it is needed.
 */
export class Desk {
  readonly #hooks: DeskHooks;
  readonly #decks: Worker;
  readonly #encoder: Worker;
  #sound: Sound | undefined;
  #opening: Promise<Sound> | undefined;
  #standIn: Worker | undefined;
  #input: MediaStreamAudioSourceNode | undefined;
  #onInputEnded: (() => void) | undefined;

  constructor(hooks: DeskHooks) {
    this.#hooks = hooks;
    this.#decks = new Worker(new URL("./deck-worker.ts", import.meta.url), {
      type: "module",
      name: "studio decks",
    });
    this.#encoder = new Worker(new URL("./encoder-worker.ts", import.meta.url), {
      type: "module",
      name: "studio encoder",
    });
    this.#decks.onmessage = (event: MessageEvent<FromDecks>) => {
      hooks.onDecks(event.data);
    };
    this.#encoder.onmessage = (event: MessageEvent<FromEncoder>) => {
      hooks.onEncoder(event.data);
    };
  }

  /** Sample rate of the mix; `undefined` before {@link prepare}. */
  get sampleRate(): number | undefined {
    return this.#sound?.context.sampleRate;
  }

  get isRunning(): boolean {
    return this.#sound?.context.state === "running";
  }

  /**
   * Sets the sound up, and asks the browser to run it.
   *
   * @param patienceMs How long it may take to run.
   * @returns Whether it runs; where it does not, call again in a gesture.
   * @throws Error The browser could not load the mixer.
   */
  async prepare(patienceMs = RUNNING_WITHIN_MS): Promise<boolean> {
    this.#opening ??= this.#open();
    const { context } = await this.#opening.catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    if (this.isRunning) return true;
    const waited = new Promise<void>((resolve) => setTimeout(resolve, patienceMs));
    await Promise.race([context.resume().catch(() => undefined), waited]);
    // What it is may have changed while this waited.
    return this.isRunning;
  }

  /**
   * Lets a worker mix, at the pace of the clock, until {@link handBack}. For when the browser
   * does not run the sound: there is no input then, and nothing to hear here.
   */
  standIn(): void {
    const sampleRate = this.#sound?.context.sampleRate;
    if (sampleRate === undefined || this.#standIn) return;
    const worker = new Worker(new URL("./stand-in-worker.ts", import.meta.url), {
      type: "module",
      name: "studio mixer",
    });
    worker.onmessage = (event: MessageEvent<FromMixer>) => {
      this.#hooks.onMixer(event.data);
    };
    const begin: StandIn = { type: "stand-in", sampleRate };
    worker.postMessage(begin);
    this.#standIn = worker;
    this.#connect(worker, sampleRate);
  }

  /** The sound runs: it mixes itself again. */
  handBack(): void {
    if (!this.#standIn || !this.#sound) return;
    this.#standIn.terminate();
    this.#standIn = undefined;
    const { node, context } = this.#sound;
    this.#connect(node.port, context.sampleRate);
  }

  toMixer(message: ToMixer): void {
    const mixer = this.#standIn ?? this.#sound?.node.port;
    mixer?.postMessage(message);
  }

  toDecks(message: ToDecks, transfer: Transferable[] = []): void {
    this.#decks.postMessage(message, transfer);
  }

  toEncoder(message: ToEncoder): void {
    this.#encoder.postMessage(message);
  }

  set(settings: MixerSettings): void {
    this.toMixer({ type: "settings", settings });
  }

  /** What the presenter hears of the mix: music and voice, each 0 to 1. */
  setMonitor(music: number, voice: number): void {
    const sound = this.#sound;
    if (!sound) return;
    const now = sound.context.currentTime;
    sound.music.gain.setTargetAtTime(music, now, 0.02);
    sound.voice.gain.setTargetAtTime(voice, now, 0.02);
  }

  /**
   * Connects an input in place of the one before.
   *
   * @param onEnded Told when it goes away, as a microphone that is pulled out.
   * @returns The device that the browser gave.
   * @throws DOMException The browser or its user refuses, or there is no such device.
   */
  async openInput(choice: InputChoice, onEnded: () => void): Promise<string> {
    const { deviceId, isProcessed } = choice;
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: {
        ...(deviceId === "" ? {} : { deviceId: { exact: deviceId } }),
        echoCancellation: isProcessed,
        noiseSuppression: isProcessed,
        autoGainControl: isProcessed,
        channelCount: { ideal: 2 },
      },
    });
    await this.prepare();
    const sound = this.#sound;
    if (!sound) throw new Error("there is no sound to connect the input to");
    this.closeInput();
    this.#input = new MediaStreamAudioSourceNode(sound.context, { mediaStream: stream });
    this.#input.connect(sound.node);
    this.#onInputEnded = onEnded;
    const [track] = stream.getAudioTracks();
    track?.addEventListener("ended", () => {
      if (this.#onInputEnded === onEnded) onEnded();
    });
    return track?.getSettings().deviceId ?? deviceId;
  }

  closeInput(): void {
    this.#onInputEnded = undefined;
    this.#input?.disconnect();
    for (const track of this.#input?.mediaStream.getTracks() ?? []) track.stop();
    this.#input = undefined;
  }

  /**
   * Decodes a file as a whole, with the browser's own means.
   *
   * @throws Error It is too long for that, or the browser cannot.
   */
  async decode(file: File): Promise<Stereo> {
    const sound = this.#sound;
    if (!sound) throw new Error("there is no sound yet");
    if (file.size > WHOLE_BYTES) throw new Error("it is too large; make an MP3 of it");
    const buffer = await sound.context.decodeAudioData(await file.arrayBuffer());
    if (buffer.duration > WHOLE_SECONDS) throw new Error("it is too long; make an MP3 of it");
    const left = buffer.getChannelData(0).slice();
    const right = buffer.numberOfChannels > 1 ? buffer.getChannelData(1).slice() : left.slice();
    return { left, right };
  }

  async #open(): Promise<Sound> {
    const context = openContext();
    await context.audioWorklet.addModule(mixerUrl);
    const node = new AudioWorkletNode(context, "sky-studio-mixer", {
      numberOfInputs: 1,
      numberOfOutputs: 2,
      outputChannelCount: [2, 2],
      channelCount: 2,
      channelCountMode: "explicit",
    });
    const music = new GainNode(context, { gain: 1 });
    const voice = new GainNode(context, { gain: 0 });
    node.connect(music, 0).connect(context.destination);
    node.connect(voice, 1).connect(context.destination);
    node.port.onmessage = (event: MessageEvent<FromMixer>) => {
      this.#hooks.onMixer(event.data);
    };
    this.#connect(node.port, context.sampleRate);
    context.onstatechange = () => {
      this.#hooks.onRunning(context.state === "running");
    };
    this.#sound = { context, node, music, voice };
    return this.#sound;
  }

  /** Lays the ports between a mixer and the workers. */
  #connect(mixer: MessagePort | Worker, sampleRate: number): void {
    const decks = new MessageChannel();
    const encoder = new MessageChannel();
    const ports: ToMixer = { type: "ports", decks: decks.port1, encoder: encoder.port1 };
    mixer.postMessage(ports, [decks.port1, encoder.port1]);
    this.toDecks({ type: "port", port: decks.port2, sampleRate }, [decks.port2]);
    const toEncoder: ToEncoder = { type: "port", port: encoder.port2 };
    this.#encoder.postMessage(toEncoder, [encoder.port2]);
  }
}

interface Sound {
  readonly context: AudioContext;
  readonly node: AudioWorkletNode;
  readonly music: GainNode;
  readonly voice: GainNode;
}

/** At the device's own rate where MP3 has it: Firefox connects no input at another. */
function openContext(): AudioContext {
  const context = new AudioContext({ latencyHint: "interactive" });
  if (context.sampleRate === 44_100 || context.sampleRate === 48_000) return context;
  void context.close();
  return new AudioContext({ latencyHint: "interactive", sampleRate: 48_000 });
}
