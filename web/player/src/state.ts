import type { Delivery, Show, Title } from "@skywave/client";
import type { DecoderKind } from "./decoder.js";

/**
 * How far behind live everyone hears a channel: `low` for the least, `normal` for what the
 * channel asks for, `steady` for uneven networks, or ms. It grows by itself where the
 * network needs more.
 */
export type Delay = "low" | "normal" | "steady" | number;

/** What to play, and how. */
export interface PlayerOptions {
  readonly channelId: string;
  /**
   * Address of the relay's pages, such as `https://radio.example`: what else is needed to
   * connect is asked for there. Default: where this page is from.
   */
  readonly relay?: string | undefined;
  /** Instead of `relay`, the relay's WebTransport URL. */
  readonly url?: string | undefined;
  /** With `url`: SHA-256 of a development certificate, 64 hexadecimal digits. */
  readonly certificateHashes?: readonly string[] | undefined;
  /** A JSON Web Token, where the relay wants one. */
  readonly token?: string | undefined;
  /** Default `normal`. */
  readonly delay?: Delay | undefined;
  /** How the audio comes; default `stream`. */
  readonly delivery?: Delivery | undefined;
  /** Default `auto`. */
  readonly decoder?: DecoderKind | undefined;
}

/**
 * - `idle`: stopped, or not begun
 * - `connecting`: the first session is being opened
 * - `buffering`: sound is about to come; `reason` says where it is held back
 * - `playing`: sound
 * - `offline`: nobody is on the air; it plays by itself when someone is
 * - `reconnecting`: the connection was lost, and is being brought back
 * - `failed`: it is not, and will not be without another `play`
 */
export type Status =
  | "idle"
  | "connecting"
  | "buffering"
  | "playing"
  | "offline"
  | "reconnecting"
  | "failed";

export type Quality = "unknown" | "good" | "fair" | "poor";

/** A title that was heard. */
export interface Heard {
  readonly title: Title;
  /** When its first frame was heard, ms since the Unix epoch. */
  readonly at: number;
}

/** All that a player's face shows. */
export interface PlayerState {
  readonly channelId: string;
  readonly status: Status;
  /** In words, why it is `reconnecting`, `failed`, `offline`, or does not sound yet. */
  readonly reason?: string;
  /** The title that is heard now; without any name where the station gave none. */
  readonly title?: Title;
  /** What was heard, newest first, the one heard now included; at most 50. */
  readonly history: readonly Heard[];
  /** What the broadcast is called. */
  readonly show?: Show;
  /** How many listen to the channel. */
  readonly listeners?: number;
  /** How far behind live it is meant to sound now, ms. */
  readonly delayMs?: number;
  readonly quality: Quality;
  /** One sentence on the connection, for people. */
  readonly qualityWords: string;
}

/** Figures of the sound that is heard at one instant. */
export interface Telemetry {
  readonly status: Status;
  /** The instant, local µs (`performance.timeOrigin + performance.now()`). */
  readonly at: number;
  /** Time of the frame that is heard then, relay µs. */
  readonly heardTime: number | undefined;
  /** Its sequence number. */
  readonly seq: number | undefined;
  /** The relay's clock at that instant, µs. */
  readonly relayNow: number | undefined;
  /** How far behind live it is meant to sound. */
  readonly delayMs: number | undefined;
  /** How far what is heard is behind what should be; negative: ahead. */
  readonly errorMs: number;
  /** Correction of the speed. */
  readonly ppm: number;
  /** Times that sound stopped for want of frames. */
  readonly gaps: number;
  /** ms that were silent or faded for that. */
  readonly concealedMs: number;
  /** Jumps, because the error was past what speed may correct. */
  readonly resyncs: number;
  /** Blocks that came after their moment. */
  readonly late: number;
  /** Audio decoded ahead. */
  readonly bufferedMs: number;
  /** Shortest newest round trip to the relay. */
  readonly roundTripMs: number | undefined;
  /** How unevenly frames came lately: the 95th of a hundred, against the earliest. */
  readonly jitterMs: number | undefined;
  /** From the worklet to the ear. */
  readonly outputLatencyMs: number | undefined;
  /** Of the AudioContext, Hz. */
  readonly sampleRate: number;
  /** Frames that never came. */
  readonly missing: number;
  /** Frames that could not be decoded. */
  readonly undecoded: number;
  readonly decoder: "webcodecs" | "mpg123" | undefined;
}
