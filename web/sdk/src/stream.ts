import { WireError } from "./errors.js";
import { decodeGroup, MAX_GROUP_BYTES, type Frame } from "./group.js";
import { getVarint, putVarint } from "./varint.js";

const AUDIO = 0x01;
const INGEST = 0x02;

/** The header of an ingest stream; MP3 bytes follow it (docs/protocol.md, section 5). */
export function ingestHeader(streamId: number): Uint8Array {
  const out = [INGEST];
  putVarint(out, streamId);
  return Uint8Array.from(out);
}

/**
 * Reads an audio stream (docs/protocol.md, section 4.1), fed any cut of its bytes.
 * Holds one group, and what was pushed last, at the most.
 */
export class AudioReader {
  #handle: number | undefined;
  #buffer = new Uint8Array();

  /** The channel's handle, once the header has been read. */
  get handle(): number | undefined {
    return this.#handle;
  }

  /** Feeds the next bytes. Call {@link nextGroup} until it gives `undefined` before the next push. */
  push(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.#buffer.length + bytes.length);
    joined.set(this.#buffer);
    joined.set(bytes, this.#buffer.length);
    this.#buffer = joined;
  }

  /**
   * The frames of the next whole group; `undefined` until more bytes come.
   *
   * @throws WireError It is no audio stream, or a group breaks a bound. The stream
   * cannot be read any further.
   */
  nextGroup(): Frame[] | undefined {
    if (this.#handle === undefined && !this.#readHeader()) return undefined;
    const length = getVarint(this.#buffer, 0);
    if (!length) return undefined;
    if (length.value > MAX_GROUP_BYTES) {
      throw new WireError("too-large", `a group of ${length.value} bytes is too long`);
    }
    const end = length.length + length.value;
    if (this.#buffer.length < end) return undefined;
    const group = this.#buffer.subarray(length.length, end);
    this.#buffer = this.#buffer.subarray(end);
    return decodeGroup(group);
  }

  #readHeader(): boolean {
    const kind = this.#buffer[0];
    if (kind === undefined) return false;
    if (kind !== AUDIO) throw new WireError("unknown-kind", `a stream of unknown kind ${kind}`);
    const handle = getVarint(this.#buffer, 1);
    if (!handle) return false;
    this.#handle = handle.value;
    this.#buffer = this.#buffer.subarray(1 + handle.length);
    return true;
  }
}
