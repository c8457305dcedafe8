/**
 * A player for Skywave channels, in step with everyone else's.
 *
 * @packageDocumentation
 */
export { Player } from "./player.js";
export { SkywavePlayer } from "./element.js";
export { createDecoder } from "./decoder.js";
export type { Decoder, DecoderKind, DecoderOptions, EncodedFrame } from "./decoder.js";
export type { Block } from "./core/types.js";
export type {
  Delay,
  Heard,
  PlayerOptions,
  PlayerState,
  Quality,
  Status,
  Telemetry,
} from "./state.js";
