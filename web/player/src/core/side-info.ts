/** What a Layer III frame says of the main data that it is decoded from. */
export interface MainData {
  /** Bytes before this frame's own main data at which its main data begins: `main_data_begin`. */
  readonly reach: number;
  /** Bytes of main data that this frame carries. */
  readonly bytes: number;
  /** Granules in the frame: 2 in MPEG-1, 1 in MPEG-2 and 2.5. */
  readonly granules: 1 | 2;
}

const HEADER_BYTES = 4;
const CRC_BYTES = 2;

/**
 * Reads header and side information at the front of an MPEG audio Layer III frame (ISO/IEC
 * 11172-3 and 13818-3, sections 2.4.1.7 and 2.4.2.7); `undefined` where the bytes are no
 * such frame, or end before the side information does.
 */
export function mainData(frame: Uint8Array): MainData | undefined {
  const [sync = 0, kind = 0, , mode] = frame;
  const version = (kind >> 3) & 3;
  const isLayer3 = ((kind >> 1) & 3) === 1;
  if (mode === undefined || sync !== 0xff || (kind & 0xe0) !== 0xe0) return undefined;
  if (version === 1 || !isLayer3) return undefined;
  const isMpeg1 = version === 3;
  const isMono = mode >> 6 === 3;
  const sideInfoAt = HEADER_BYTES + ((kind & 1) === 0 ? CRC_BYTES : 0);
  const bytes = frame.length - sideInfoAt - sideInfoBytes(isMpeg1, isMono);
  const high = frame[sideInfoAt];
  const low = frame[sideInfoAt + 1];
  if (bytes < 0 || high === undefined || low === undefined) return undefined;
  // Nine bits in MPEG-1, eight in the others.
  return { reach: isMpeg1 ? (high << 1) | (low >> 7) : high, bytes, granules: isMpeg1 ? 2 : 1 };
}

function sideInfoBytes(isMpeg1: boolean, isMono: boolean): number {
  if (isMpeg1) return isMono ? 17 : 32;
  return isMono ? 9 : 17;
}
