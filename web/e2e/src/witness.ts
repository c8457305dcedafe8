import { skywave, type Program } from "./programs.js";
import { localTime } from "./recording.js";
import { FRAME_SAMPLES, SOURCE_RATE, type Source } from "./signal.js";

const FRAME_MS = (1000 * FRAME_SAMPLES) / SOURCE_RATE;

/**
 * A native listener who gets every frame as soon as the relay has it, and notes when: a
 * millisecond or two after its arrival at the relay.
 */
export class Witness {
  readonly #program: Program;
  readonly #chunks: Buffer[] = [];
  /** Bytes there, and since when: local time in ms. */
  readonly #arrivals: { bytes: number; at: number }[] = [];
  #bytes = 0;

  private constructor(program: Program) {
    this.#program = program;
    program.process.stdout?.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      this.#arrivals.push({ bytes: this.#bytes, at: localTime() });
    });
  }

  /** Begins to listen; resolves with the first frames. */
  static async listen(url: string, channel: string): Promise<Witness> {
    const options = ["--url", url, "--channel", channel, "--latency", "0ms"];
    const program = skywave("listen", options);
    const witness = new Witness(program);
    await new Promise((resolve) => program.process.stdout?.once("data", resolve));
    return witness;
  }

  /**
   * Ends. Tells the local time in ms at which a moment of the source, in s, was there: along
   * a straight line through the frames that came earliest, as jitter only ever delays.
   */
  async stop(source: Source): Promise<(position: number) => number> {
    await this.#program.stop("SIGINT");
    const heard = Buffer.concat(this.#chunks);
    const first = Buffer.from(source.mp3).indexOf(heard.subarray(0, 400));
    if (first < 0) throw new Error("what the witness heard is not in the source");
    let line = Infinity;
    let frame = source.offsets.indexOf(first);
    for (const { bytes, at } of this.#arrivals) {
      // The last frame that is there whole.
      while ((source.offsets[frame + 1] ?? Infinity) <= first + bytes) frame += 1;
      line = Math.min(line, at - (frame - 1) * FRAME_MS);
    }
    return (position) => line + position * 1000;
  }
}
