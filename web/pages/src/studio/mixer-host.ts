import { Mixer, QUANTUM, type MixerEvent, type MixerReport } from "./core/mixer.js";
import type {
  DeckToMixer,
  EncoderToMixer,
  FromMixer,
  MixerToDeck,
  MixerToEncoder,
  ToMixer,
} from "./messages.js";

/** Sample frames in one message to the encoder: 11 ms at 48 kHz. */
const RUN = 4 * QUANTUM;
const REPORTS_A_SECOND = 20;
/** Seconds that the encoder may be behind; past them sound is left out and counted. */
const BACKLOG = 2;

/** A place to say something to. */
interface Outlet {
  postMessage(message: FromMixer): void;
}

/**
 * The mixer with its ports: sound comes from the deck worker, goes to the encoder, and the
 * page sets it up and is told how it stands. Lives in the audio thread, or in a worker.
 */
export class MixerHost {
  readonly #mixer: Mixer;
  readonly #sampleRate: number;
  readonly #page: Outlet;
  readonly #mixLeft = new Float32Array(QUANTUM);
  readonly #mixRight = new Float32Array(QUANTUM);
  #runLeft = new Float32Array(RUN);
  #runRight = new Float32Array(RUN);
  #filled = 0;
  #rendered = 0;
  #nextReport = 0;
  #isOn = false;
  #unacknowledged = 0;
  #dropped = 0;
  #decks: MessagePort | undefined;
  #encoder: MessagePort | undefined;

  constructor(sampleRate: number, page: Outlet) {
    this.#mixer = new Mixer(sampleRate);
    this.#sampleRate = sampleRate;
    this.#page = page;
  }

  /** Renders one quantum; `monitor` takes what plays without the voice. */
  render(
    voice: readonly Float32Array[],
    monitor: readonly [Float32Array, Float32Array],
  ): void {
    this.#mixer.render(voice, [this.#mixLeft, this.#mixRight], monitor, QUANTUM);
    this.#send();
    this.#rendered += QUANTUM;
    if (this.#rendered < this.#nextReport) return;
    this.#nextReport = this.#rendered + Math.round(this.#sampleRate / REPORTS_A_SECOND);
    this.#tell(this.#mixer.report(), this.#mixer.takeEvents());
  }

  /** Takes a message of the page. */
  take(message: ToMixer): void {
    switch (message.type) {
      case "ports":
        this.#connect(message.decks, message.encoder);
        break;
      case "settings":
        this.#mixer.set(message.settings);
        break;
      case "skip":
        this.#mixer.skip();
        break;
      case "drop":
        this.#mixer.drop(message.track);
        break;
      case "air":
        this.#setAir(message.isOn);
        break;
    }
  }

  #connect(decks: MessagePort, encoder: MessagePort): void {
    this.#decks?.close();
    this.#encoder?.close();
    this.#decks = decks;
    this.#encoder = encoder;
    this.#unacknowledged = 0;
    decks.onmessage = (event: MessageEvent<DeckToMixer>) => {
      this.#feed(event.data);
    };
    encoder.onmessage = (event: MessageEvent<EncoderToMixer>) => {
      this.#unacknowledged = Math.max(0, this.#unacknowledged - event.data);
    };
  }

  #send(): void {
    if (!this.#isOn || !this.#encoder) return;
    this.#runLeft.set(this.#mixLeft, this.#filled);
    this.#runRight.set(this.#mixRight, this.#filled);
    this.#filled += QUANTUM;
    if (this.#filled < RUN) return;
    this.#filled = 0;
    if (this.#unacknowledged > BACKLOG * this.#sampleRate) {
      this.#dropped += RUN;
      return;
    }
    const left = this.#runLeft;
    const right = this.#runRight;
    const first = this.#rendered + QUANTUM - RUN;
    const message: MixerToEncoder = { type: "pcm", first, left, right, at: Date.now() };
    this.#encoder.postMessage(message, [left.buffer, right.buffer]);
    this.#unacknowledged += RUN;
    this.#runLeft = new Float32Array(RUN);
    this.#runRight = new Float32Array(RUN);
  }

  #tell(report: MixerReport, events: readonly MixerEvent[]): void {
    this.#page.postMessage({ report, events, dropped: this.#dropped });
    const decks: MixerToDeck = { decks: report.decks };
    this.#decks?.postMessage(decks);
  }

  #setAir(isOn: boolean): void {
    if (this.#isOn && !isOn) {
      const message: MixerToEncoder = { type: "end" };
      this.#encoder?.postMessage(message);
    }
    this.#isOn = isOn;
    this.#filled = 0;
    this.#unacknowledged = 0;
  }

  #feed(message: DeckToMixer): void {
    switch (message.type) {
      case "load":
        this.#mixer.load(message.track, message.total, message.position);
        break;
      case "pcm":
        this.#mixer.feed(message.track, message.left, message.right);
        break;
      case "end":
        this.#mixer.end(message.track);
        break;
    }
  }
}
