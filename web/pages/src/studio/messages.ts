import type { Show, Title } from "@skywave/client";
import type { MixerEvent, MixerReport, MixerSettings } from "./core/mixer.js";
import type { Tags } from "./core/tags.js";

/** Page to mixer, by the node's own port. */
export type ToMixer =
  | { readonly type: "ports"; readonly decks: MessagePort; readonly encoder: MessagePort }
  | { readonly type: "settings"; readonly settings: MixerSettings }
  | { readonly type: "skip" }
  | { readonly type: "drop"; readonly track: number }
  /** Whether the mix goes to the encoder. */
  | { readonly type: "air"; readonly isOn: boolean };

/** Mixer to page, some 20 times a second. */
export interface FromMixer {
  readonly report: MixerReport;
  readonly events: readonly MixerEvent[];
  /** Sample frames left out because the encoder did not keep up. */
  readonly dropped: number;
}

/** Deck worker to mixer, by a port between them. */
export type DeckToMixer =
  | {
      readonly type: "load";
      readonly track: number;
      /** In sample frames of the mixer. */
      readonly total: number;
      readonly position: number;
    }
  | {
      readonly type: "pcm";
      readonly track: number;
      readonly left: Float32Array;
      readonly right: Float32Array;
    }
  | { readonly type: "end"; readonly track: number };

/** Mixer to deck worker: where each deck is. */
export interface MixerToDeck {
  readonly decks: MixerReport["decks"];
}

/** Mixer to encoder, by a port between them. */
export type MixerToEncoder =
  | {
      readonly type: "pcm";
      /** Number of the first sample frame in the mix. */
      readonly first: number;
      readonly left: Float32Array<ArrayBuffer>;
      readonly right: Float32Array<ArrayBuffer>;
      /** When it was rendered, ms of Unix time. */
      readonly at: number;
    }
  /** Nothing more is to go on the air. */
  | { readonly type: "end" };

/** Encoder to mixer: sample frames it has taken since it said so last. */
export type EncoderToMixer = number;

/** Sound to play: an MP3 file, or samples at the mixer's rate of what a browser decoded. */
export type Source =
  | { readonly kind: "mp3"; readonly file: File }
  | {
      readonly kind: "samples";
      readonly left: Float32Array<ArrayBuffer>;
      readonly right: Float32Array<ArrayBuffer>;
    };

/** Page to deck worker. */
export type ToDecks =
  | { readonly type: "port"; readonly port: MessagePort; readonly sampleRate: number }
  | { readonly type: "read"; readonly id: string; readonly file: File }
  /** Sends a track to the mixer, from `at` seconds on. */
  | {
      readonly type: "load";
      readonly track: number;
      readonly source: Source;
      readonly at: number;
    }
  | { readonly type: "unload"; readonly track: number };

/** Deck worker to page. */
export type FromDecks =
  /** What a file says of itself; without `duration` it is no MP3. */
  | {
      readonly type: "facts";
      readonly id: string;
      readonly tags: Tags;
      readonly duration: number | undefined;
    }
  | { readonly type: "unreadable"; readonly id: string; readonly message: string }
  /** A loaded track's length is known, in seconds. */
  | { readonly type: "loaded"; readonly track: number; readonly duration: number }
  | { readonly type: "fault"; readonly track: number; readonly message: string }
  /** Frames that could not be decoded; silence is in their place. */
  | { readonly type: "damaged"; readonly track: number; readonly frames: number };

/** How the MP3 is made. */
export interface EncoderSettings {
  readonly kbps: 96 | 128 | 192 | 320;
  readonly sampleRate: number;
}

/** Who the studio is to the relay. */
export interface Credentials {
  readonly token?: string;
  readonly subject?: string;
}

/** Page to encoder. */
export type ToEncoder =
  | { readonly type: "port"; readonly port: MessagePort }
  | { readonly type: "connect"; readonly relay: string; readonly credentials: Credentials }
  | { readonly type: "disconnect" }
  | {
      readonly type: "start";
      readonly channelId: string;
      readonly show: Show;
      readonly settings: EncoderSettings;
    }
  /** `at`: from this sample frame of the mix on; without it, from now. */
  | { readonly type: "title"; readonly title: Title; readonly at?: number }
  /** Goes off the air once what the mixer sent before is there; or at once, if it sends no more. */
  | { readonly type: "stop" };

/** A station on the air. */
export interface OnAir {
  readonly channelId: string;
  readonly showTitle: string | undefined;
  readonly listeners: number;
}

/** How the upload goes. Times in ms. */
export interface UploadStats {
  readonly channelId: string;
  readonly frames: number;
  /** MP3 bytes made since the broadcast began on this page. */
  readonly bytes: number;
  /** Samples per channel that the encoder took. */
  readonly samples: number;
  readonly roundTripMs: number | undefined;
  /** Bytes that the network has not taken yet. */
  readonly queuedBytes: number;
  readonly droppedBytes: number;
  /** Time to encode one frame, over the last ones. */
  readonly encode: { readonly p50: number; readonly p99: number; readonly max: number };
  /** From a sound in the mixer until its MP3 frame was handed to the network. */
  readonly delay: { readonly p50: number; readonly p99: number };
}

/** Encoder to page. */
export type FromEncoder =
  | {
      readonly type: "connection";
      readonly state: "connecting" | "connected" | "reconnecting" | "closed";
      /** Why there is no session. */
      readonly reason?: { readonly code: string; readonly message: string };
      readonly welcome?: {
        readonly role: string;
        readonly subject: string;
        readonly server: string;
        readonly expires: number | undefined;
      };
    }
  | { readonly type: "streams"; readonly streams: readonly OnAir[] }
  | { readonly type: "listeners"; readonly channelId: string; readonly count: number }
  | {
      readonly type: "started";
      readonly channelId: string;
      readonly streamId: number;
      readonly resumed: boolean;
    }
  | { readonly type: "stats"; readonly stats: UploadStats }
  /** The broadcast ended though nobody here stopped it, or could not begin. */
  | { readonly type: "ended"; readonly code: string; readonly message: string }
  | { readonly type: "stopped" }
  | { readonly type: "title-refused"; readonly message: string };
