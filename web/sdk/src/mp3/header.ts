/** What the timing of a frame needs of its MPEG header. */
export interface FrameTiming {
  /** Samples per channel: 1152 in MPEG-1, 576 in MPEG-2 and 2.5. */
  readonly samples: number;
  /** Sample rate in Hz. */
  readonly sampleRate: number;
  /** 1 or 2. */
  readonly channels: number;
}

const RATES_OF_MPEG_1 = [44_100, 48_000, 32_000] as const;

/**
 * Reads the header at the front of an MPEG audio Layer III frame (ISO/IEC 11172-3
 * and 13818-3, section 2.4.2.3, and the MPEG-2.5 extension); `undefined` where the
 * bytes are no such frame.
 */
export function frameTiming(frame: Uint8Array): FrameTiming | undefined {
  const [sync = 0, kind = 0, rates = 0, mode] = frame;
  if (mode === undefined || sync !== 0xff || (kind & 0xe0) !== 0xe0) return undefined;
  const version = (kind >> 3) & 3;
  const isLayer3 = ((kind >> 1) & 3) === 1;
  const rate = RATES_OF_MPEG_1[(rates >> 2) & 3];
  if (version === 1 || !isLayer3 || rates >> 4 === 15 || rate === undefined) return undefined;
  const isMpeg1 = version === 3;
  return {
    samples: isMpeg1 ? 1152 : 576,
    sampleRate: isMpeg1 ? rate : version === 2 ? rate / 2 : rate / 4,
    channels: mode >> 6 === 3 ? 1 : 2,
  };
}

/** How long a frame plays, in µs, rounded to the nearest; 0 where the bytes are no frame. */
export function frameMicros(frame: Uint8Array): number {
  const timing = frameTiming(frame);
  return timing ? Math.round((timing.samples * 1_000_000) / timing.sampleRate) : 0;
}
