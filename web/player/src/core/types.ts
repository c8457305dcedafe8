/**
 * What the parts of the player hand to each other.
 *
 * Three clocks meet here. *Relay time* is the relay's clock in µs; a frame's own time is
 * told in it, and heard at that time plus the target delay. *Local time* is this machine's,
 * in µs since the Unix epoch as `performance.timeOrigin + performance.now()` tells it, the
 * same in a page and in its workers. *Context frames* are sample frames of the AudioContext.
 */

/** A decoded frame on its way to the renderer. */
export interface Block {
  /** The frame's sequence number. */
  readonly seq: number;
  /** The frame's own time, relay µs: when its first sample would sound at a delay of 0. */
  readonly time: number;
  readonly sampleRate: number;
  /** Samples of each channel, one array for mono and two for stereo. */
  readonly channels: readonly Float32Array[];
  /**
   * Whether its samples are right. Those after a join or a gap are not, until the
   * decoder's bit reservoir has filled: they are never heard.
   */
  readonly audible: boolean;
}

/** Which moment of the channel is to be rendered into which context frame. */
export interface Aim {
  /** A context frame. */
  readonly frame: number;
  /** The frame time (relay µs, without the target delay) that belongs there. */
  readonly time: number;
  /** µs of frame time that pass in one context frame. */
  readonly step: number;
}

/** What the renderer did, since it began. */
export interface Report {
  /** The context frame at which this holds. */
  readonly frame: number;
  /** Frame time, relay µs, that is rendered there; `undefined` while nothing plays. */
  readonly time: number | undefined;
  /** Sequence number of the frame that is rendered there. */
  readonly seq: number | undefined;
  /** How far the rendered moment is behind the aim, µs; negative: ahead. */
  readonly error: number;
  /** Correction of the speed now, parts per million. */
  readonly ppm: number;
  /** Frame time that is buffered past the one rendered, µs. */
  readonly buffered: number;
  /** Times that sound stopped because frames were missing while it should have gone on. */
  readonly gaps: number;
  /** Context frames that were silent, or faded, for such gaps: those of its first 2 s, of each. */
  readonly concealed: number;
  /** Jumps to the aim, because the error was past the bound of what speed may correct. */
  readonly resyncs: number;
  /** Blocks that came after their moment and were left out. */
  readonly late: number;
}
