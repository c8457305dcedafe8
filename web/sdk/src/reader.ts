import { WireError } from "./errors.js";
import { getVarint } from "./varint.js";

/** Takes fields off the front of received bytes, never past their end. */
export class FieldReader {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get isEmpty(): boolean {
    return this.#at === this.bytes.length;
  }

  byte(field: string): number {
    const byte = this.bytes[this.#at];
    if (byte === undefined) throw truncated(field);
    this.#at += 1;
    return byte;
  }

  varint(field: string, max = Number.MAX_SAFE_INTEGER): number {
    const read = getVarint(this.bytes, this.#at);
    if (!read) throw truncated(field);
    if (read.value > max) {
      throw new WireError("too-large", `${field} is ${read.value}, at most ${max} is allowed`);
    }
    this.#at += read.length;
    return read.value;
  }

  take(field: string, length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.bytes.length) throw truncated(field);
    const taken = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  rest(): Uint8Array {
    return this.take("rest", this.bytes.length - this.#at);
  }

  end(): void {
    const left = this.bytes.length - this.#at;
    if (left > 0) throw new WireError("trailing", `${left} bytes after the last field`);
  }
}

function truncated(field: string): WireError {
  return new WireError("truncated", `ends inside ${field}`);
}
