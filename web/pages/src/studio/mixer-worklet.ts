import { QUANTUM } from "./core/mixer.js";
import type { ToMixer } from "./messages.js";
import { MixerHost } from "./mixer-host.js";

/** The mixer in the audio thread, at the pace of the sound device, with the input's sound. */

declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, type: new () => AudioWorkletProcessor): void;

class StudioMixer extends AudioWorkletProcessor {
  readonly #host = new MixerHost(sampleRate, this.port);
  readonly #spare = new Float32Array(QUANTUM);

  constructor() {
    super();
    this.port.onmessage = (event: MessageEvent<ToMixer>) => {
      this.#host.take(event.data);
    };
  }

  /** Outputs: the music as it goes out, and the input, each for the presenter's own ears. */
  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const voice = inputs[0] ?? [];
    const [monitor = [], ownVoice = []] = outputs;
    const [left = this.#spare, right = this.#spare] = monitor;
    this.#host.render(voice, [left, right]);
    ownVoice.forEach((channel, index) => {
      const input = voice[index] ?? voice[0];
      if (input) channel.set(input);
    });
    return true;
  }
}

registerProcessor("sky-studio-mixer", StudioMixer);
