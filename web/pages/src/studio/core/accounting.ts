/**
 * Samples from where a sample enters the encoder to where a decoder gives it out again:
 * LAME's own 576, and the 529 of every Layer III decoder.
 */
export const CODEC_DELAY = 576 + 529;

const SAMPLES_PER_FRAME = 1152;

/** How long frames are remembered, in frames: the relay keeps them for 4 s as well. */
const REMEMBERED = 150;

/** The place of a moment of the mix in the bytes that go on the air. */
export type Place =
  /** The frame that carries it begins at this byte. */
  | { readonly kind: "byte"; readonly atByte: number }
  /** Its frame is still to be encoded. */
  | { readonly kind: "later" }
  /** Its frame went out on an earlier session, or is no longer remembered. */
  | { readonly kind: "gone" };

/**
 * Keeps account of which MP3 frame carries which sample of the mix, and at which byte of the
 * ingest stream that frame begins.
 *
 * The mix is numbered by the mixer, the encoder takes its samples in runs: where runs were
 * left out, or silence was put in, the numbers jump.
 */
export class EncoderAccount {
  readonly #runs: { readonly mix: number; readonly encoded: number; readonly length: number }[] =
    [];
  readonly #bytes: { readonly frame: number; readonly atByte: number }[] = [];
  #encoded = 0;
  #frames = 0;

  /** Samples that the encoder has taken. */
  get encoded(): number {
    return this.#encoded;
  }

  /** Frames that it has given. */
  get frames(): number {
    return this.#frames;
  }

  /** The encoder takes `length` samples, the first of which has this number in the mix. */
  fed(mix: number, length: number): void {
    const last = this.#runs.at(-1);
    const encoded = this.#encoded;
    this.#encoded += length;
    if (last && last.mix + last.length === mix && last.encoded + last.length === encoded) {
      this.#runs[this.#runs.length - 1] = { ...last, length: last.length + length };
      return;
    }
    this.#runs.push({ mix, encoded, length });
    if (this.#runs.length > REMEMBERED) this.#runs.shift();
  }

  /** The encoder takes silence that is in no mix. */
  silence(length: number): void {
    this.#encoded += length;
  }

  /** The mix is numbered anew: moments of the old one are gone. */
  renumber(): void {
    this.#runs.length = 0;
  }

  /** The encoder gave its next frame, which goes to this byte of the ingest stream. */
  frame(atByte: number): void {
    const last = this.#bytes.at(-1);
    // A fresh session counts its bytes anew.
    if (last && atByte < last.atByte) this.#bytes.length = 0;
    this.#bytes.push({ frame: this.#frames, atByte });
    this.#frames += 1;
    if (this.#bytes.length > REMEMBERED) this.#bytes.shift();
  }

  /** The frame with which this sample of the mix is heard. */
  frameOf(mix: number): number | undefined {
    const after = this.#runs.findIndex((candidate) => candidate.mix > mix);
    const index = after < 0 ? this.#runs.length - 1 : after - 1;
    const run = this.#runs[index];
    if (!run) return undefined;
    const next = this.#runs[index + 1];
    const encoded = run.encoded + (mix - run.mix);
    // A moment that was left out is heard as the one that came next.
    const heard = next ? Math.min(encoded, next.encoded) : encoded;
    return Math.floor((heard + CODEC_DELAY) / SAMPLES_PER_FRAME);
  }

  /** Where this sample of the mix is among the bytes. */
  place(mix: number): Place {
    const frame = this.frameOf(mix);
    if (frame === undefined) return { kind: "gone" };
    if (frame >= this.#frames) return { kind: "later" };
    const found = this.#bytes.find((candidate) => candidate.frame === frame);
    return found ? { kind: "byte", atByte: found.atByte } : { kind: "gone" };
  }
}
