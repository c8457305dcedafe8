/** What a frame says in its first bytes. */
export interface FrameKind {
  readonly version?: 1 | 2 | 2.5;
  readonly mono?: boolean;
  readonly crc?: boolean;
}

/** The front of a Layer III frame that reaches so many bytes back, then zeros up to `bytes`. */
export function frameOf(
  reach: number,
  bytes: number,
  kind: FrameKind = {},
): Uint8Array<ArrayBuffer> {
  const { version = 1, mono = false, crc = false } = kind;
  const frame = new Uint8Array(bytes);
  const versionBits = { 1: 3, 2: 2, 2.5: 0 }[version];
  frame.set([0xff, 0xe2 | (versionBits << 3) | (crc ? 0 : 1), 0x90, mono ? 0xc0 : 0x40]);
  const at = crc ? 6 : 4;
  if (version === 1) frame.set([reach >> 1, (reach & 1) << 7], at);
  else frame[at] = reach;
  return frame;
}
