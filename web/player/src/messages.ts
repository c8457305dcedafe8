import type { Aim, Block, Report } from "./core/types.js";
import type { Delay, PlayerOptions, PlayerState, Telemetry } from "./state.js";

/** Where the sound is, as the page sees it. */
export interface OutputReading {
  /** Seconds of the context's time that are heard at `localTime`. */
  readonly contextTime: number;
  /** Local µs. */
  readonly localTime: number;
  /** Seconds of the context's time that are rendered already, at `readAt`. */
  readonly currentTime: number;
  /** Local µs. */
  readonly readAt: number;
}

/** The page to the worker. */
export type ToWorker =
  /** The way to the renderer of a new AudioContext. */
  | { readonly type: "renderer"; readonly port: MessagePort; readonly sampleRate: number }
  | { readonly type: "play"; readonly options: PlayerOptions }
  | { readonly type: "output"; readonly reading: OutputReading }
  /** The context began to run, or stands still: what its clock said is void. */
  | { readonly type: "running" }
  | { readonly type: "delay"; readonly delay: Delay }
  | { readonly type: "stop" }
  | { readonly type: "telemetry"; readonly id: number };

/** The worker to the page. */
export type FromWorker =
  | { readonly type: "ready" }
  | { readonly type: "state"; readonly state: PlayerState }
  | { readonly type: "telemetry"; readonly id: number; readonly telemetry: Telemetry };

/** The worker to the renderer. */
export type ToRenderer =
  | { readonly type: "block"; readonly block: Block }
  | { readonly type: "aim"; readonly aim: Aim }
  | { readonly type: "clear" };

/** The renderer to the worker, about ten times a second. */
export type FromRenderer = Report;
