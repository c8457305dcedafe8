import type { Show, Title } from "@skywave/client";
import type { Ending } from "./core/endings.js";
import type { Health } from "./core/health.js";
import { MIXER_SETTINGS, type MixerSettings } from "./core/mixer.js";
import { EMPTY_PLAYLIST, type Playlist } from "./core/playlist.js";
import type { Credentials, OnAir, UploadStats } from "./messages.js";

/** Bit rates on offer, kbit/s. */
export const BIT_RATES = [96, 128, 192, 320] as const;

/** One of {@link BIT_RATES}. */
export type BitRate = (typeof BIT_RATES)[number];

/** How the studio stands with the relay. */
export interface Connection {
  readonly state: "signed-out" | "connecting" | "connected" | "reconnecting";
  /** In words, why there is no session. */
  readonly reason?: string;
  readonly role?: string;
  readonly subject?: string;
  /** Seconds of Unix time. */
  readonly expires?: number | undefined;
}

/**
 * - `off`: not on the air
 * - `starting`, `stopping`: on the way
 * - `on`: on the air
 * - `held`: on the air with silence, until the browser is allowed to run the sound
 */
export type LiveState = "off" | "starting" | "on" | "held" | "stopping";

/** The input. */
export interface InputState {
  readonly state: "off" | "opening" | "on";
  readonly deviceId: string;
  /** The browser's own clean-up for voices is on. */
  readonly isProcessed: boolean;
  readonly devices: readonly { readonly deviceId: string; readonly label: string }[];
  /** In words, why it is not on. */
  readonly fault?: string;
}

/** What plays. Seconds. */
export interface Playing {
  readonly track: string;
  readonly position: number;
  readonly duration: number;
}

/** One point of the chart of listeners. */
export interface AudiencePoint {
  /** Seconds of Unix time. */
  readonly at: number;
  readonly count: number;
}

/** Everything that the studio page shows but the levels. */
export interface StudioState {
  /** How this relay lets people in; `undefined` while it was not asked yet. */
  readonly auth: "open" | "tokens" | undefined;
  readonly credentials: Credentials | undefined;
  readonly connection: Connection;
  readonly live: LiveState;
  readonly station: string;
  readonly show: Show;
  readonly kbps: BitRate;
  /** ms of Unix time; of a broadcast that went on, when it first began. */
  readonly startedAt: number | undefined;
  /** Why the last broadcast ended, where nobody here stopped it. */
  readonly ending: Ending | undefined;
  /** A broadcast of this tab that could be taken up again, if wanted. */
  readonly unfinished: string | undefined;
  /** Something to know, that is no end. */
  readonly notice: string | undefined;
  readonly playlist: Playlist;
  readonly playing: Playing | undefined;
  readonly title: Title | undefined;
  readonly input: InputState;
  readonly mixer: MixerSettings;
  readonly monitorMusic: boolean;
  readonly monitorVoice: boolean;
  readonly streams: readonly OnAir[];
  readonly listeners: number | undefined;
  readonly audience: readonly AudiencePoint[];
  readonly upload: UploadStats | undefined;
  readonly health: Health | undefined;
}

export const INITIAL_STATE: StudioState = {
  auth: undefined,
  credentials: undefined,
  connection: { state: "signed-out" },
  live: "off",
  station: "",
  show: {},
  kbps: 128,
  startedAt: undefined,
  ending: undefined,
  unfinished: undefined,
  notice: undefined,
  playlist: EMPTY_PLAYLIST,
  playing: undefined,
  title: undefined,
  input: { state: "off", deviceId: "", isProcessed: false, devices: [] },
  mixer: MIXER_SETTINGS,
  monitorMusic: true,
  monitorVoice: false,
  streams: [],
  listeners: undefined,
  audience: [],
  upload: undefined,
  health: undefined,
};

/** Most points of the chart; past them every second one is left out. */
const MOST_POINTS = 720;

/** Adds a point to the chart, which covers the whole broadcast in bounded memory. */
export function addPoint(
  audience: readonly AudiencePoint[],
  point: AudiencePoint,
): readonly AudiencePoint[] {
  const points = [...audience, point];
  if (points.length <= MOST_POINTS) return points;
  return points.filter((_, index) => index % 2 === 0 || index === points.length - 1);
}
