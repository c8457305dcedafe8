import { Renderer } from "./core/renderer.js";
import type { ToRenderer } from "./messages.js";

/**
 * The end of the way, in the audio thread: takes blocks and aims from the worker, through
 * the port that the page hands over, and renders them. Allocates nothing of its own in
 * `process`, and reads no clock but the context's.
 */

declare const sampleRate: number;
declare const currentFrame: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, type: new () => AudioWorkletProcessor): void;

const REPORTS_A_SECOND = 10;
/** At first the page reads the output's clock more often, so that sound begins soon. */
const QUICK_REPORTS = 10;
const QUICK_REPORTS_A_SECOND = 50;

class SkywaveProcessor extends AudioWorkletProcessor {
  readonly #renderer = new Renderer(sampleRate);
  #reports = 0;
  #worker: MessagePort | undefined;
  #nextReport = 0;

  constructor() {
    super();
    this.port.onmessage = (event: MessageEvent<MessagePort>) => {
      this.#worker?.close();
      this.#worker = event.data;
      this.#worker.onmessage = (message: MessageEvent<ToRenderer>) => {
        this.#take(message.data);
      };
    };
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const out = outputs[0];
    if (out) this.#renderer.render(out, currentFrame);
    if (currentFrame >= this.#nextReport) {
      this.#reports += 1;
      const rate = this.#reports < QUICK_REPORTS ? QUICK_REPORTS_A_SECOND : REPORTS_A_SECOND;
      this.#nextReport = currentFrame + Math.round(sampleRate / rate);
      this.#worker?.postMessage(this.#renderer.report(currentFrame));
      // The page reads the output's clock when it hears this: messages come on time in a
      // page in the background, timers do not.
      this.port.postMessage(currentFrame);
    }
    return true;
  }

  #take(message: ToRenderer): void {
    switch (message.type) {
      case "block":
        this.#renderer.push(message.block);
        break;
      case "aim":
        this.#renderer.aim(message.aim);
        break;
      case "clear":
        this.#renderer.clear();
        break;
    }
  }
}

registerProcessor("skywave", SkywaveProcessor);
