import { WireError } from "./errors.js";

/** Bytes that `value` takes as a varint (RFC 9000, section 16): 1, 2, 4 or 8. */
export function varintLength(value: number): number {
  if (value < 0x40) return 1;
  if (value < 0x4000) return 2;
  return value < 0x4000_0000 ? 4 : 8;
}

/**
 * Appends `value` as a varint.
 *
 * @throws RangeError `value` is no whole number from 0 to 2^53 - 1.
 */
export function putVarint(out: number[], value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${value} is no whole number from 0 to 2^53 - 1`);
  }
  const length = varintLength(value);
  const prefix = Math.log2(length) << 6;
  for (let place = length - 1; place >= 0; place--) {
    const byte = Math.floor(value / 256 ** place) % 256;
    out.push(place === length - 1 ? prefix | byte : byte);
  }
}

/**
 * Reads a varint of `bytes` at `at`: the value and the bytes it took, or
 * `undefined` when `bytes` ends inside it.
 *
 * @throws WireError The value is above 2^53 - 1, which no number of JavaScript holds exactly.
 */
export function getVarint(
  bytes: Uint8Array,
  at: number,
): { value: number; length: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  const length = 1 << (first >> 6);
  if (at + length > bytes.length) return undefined;
  let value = first & 0x3f;
  for (let next = at + 1; next < at + length; next++) {
    value = value * 256 + (bytes[next] ?? 0);
  }
  // A value past the exact ones may have been rounded, but never below 2^53.
  if (value > Number.MAX_SAFE_INTEGER) {
    throw new WireError("too-large", `a number is above 2^53 - 1`);
  }
  return { value, length };
}
